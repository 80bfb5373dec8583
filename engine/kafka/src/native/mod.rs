//! The only unsafe code of the engine: librdkafka's calls that the `rdkafka` crate does not wrap.
//!
//! [`Consumer`] is a client with a consumer queue, [`Inbox`] takes records from that queue by the
//! batch, [`describe`] asks for a topic's id, [`property_names`] lists the known properties.

mod callbacks;
mod consumer;
mod describe;
mod inbox;
mod property_names;
mod response;

pub(crate) use callbacks::Health;
pub(crate) use consumer::{Consumer, TopicLookup};
pub(crate) use inbox::{Delivery, Inbox, Record};
pub(crate) use property_names::property_names;
