//! Readers against librdkafka's own mock cluster, in this process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod dimension;
mod identity;
mod mock;
mod outage;
mod reading;
