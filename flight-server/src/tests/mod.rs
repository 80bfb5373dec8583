//! The server as its clients see it, over real connections.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cancelling;
mod connections;
mod fixture;
mod login;
mod metadata;
mod prepared;
mod samples;
mod schemas;
mod sql_info;
mod statements;
