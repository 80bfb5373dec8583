//! Kafka as the generator uses it.
//!
//! Modules in reading order: `cluster` waits for a broker and makes topics; `topic_id` asks for a
//! topic's id; `embedded` is a broker in this process; `backlog` knows how much nobody has read yet;
//! `deliveries` books what the broker acknowledged; `pace` spreads events evenly over time.

pub(crate) mod backlog;
pub(crate) mod cluster;
pub(crate) mod deliveries;
pub(crate) mod embedded;
pub(crate) mod pace;
pub(crate) mod topic_id;

#[cfg(test)]
mod tests;

pub use cluster::wait_for_broker;
pub use embedded::Broker;
