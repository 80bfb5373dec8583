//! Readers against librdkafka's own mock cluster, in this process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod identity;
mod keyed_reader;
mod mock;
mod outage;
mod reading;
