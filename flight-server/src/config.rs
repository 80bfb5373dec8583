//! The settings of the server.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::Credentials;

/// The stack that the threads which serve and those of [`ServerConfig::query_threads`] need: a
/// statement's tree is walked by recursion, some two kilobytes a level, and may be some thousands of
/// levels deep. Only what is used of it takes memory.
pub const STACK_BYTES_MIN: usize = 64 << 20;

/// How the server behaves. `Default` suits one host and asks for no login.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Who may connect.
    pub credentials: Credentials,
    /// The name that clients see as the database product.
    pub product: String,
    /// The version that clients see.
    pub version: String,
    /// A prepared statement ends when it hasn't been used for this long.
    pub prepared_ttl: Duration,
    /// A ticket ends when it hasn't been read for this long.
    pub ticket_ttl: Duration,
    /// A session, and the token that stands for it, ends when it hasn't been used for this long.
    pub session_ttl: Duration,
    /// A query ends after this long. `None`: only by the caller's own deadline.
    pub query_timeout: Option<Duration>,
    /// After a shutdown is asked for, running queries have this long to finish.
    pub drain: Duration,
    /// The most prepared statements held at a time; beyond, the longest unused ends.
    pub prepared_count_max: usize,
    /// The most tickets held at a time; beyond, read ones and then the oldest end.
    pub ticket_count_max: usize,
    /// The most sessions held at a time; beyond, the longest unused ends.
    pub session_count_max: usize,
    /// The most connections held at a time; one too many is closed at once.
    pub connection_count_max: usize,
    /// The most bytes of one message from a client.
    pub message_bytes_max: usize,
    /// The threads that plan and run queries. `None`: those that serve, which then answer nobody
    /// else while a query computes.
    pub query_threads: Option<Handle>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            credentials: Credentials::open(),
            product: "Headwater".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            prepared_ttl: Duration::from_secs(60 * 60),
            ticket_ttl: Duration::from_secs(10 * 60),
            session_ttl: Duration::from_secs(24 * 60 * 60),
            query_timeout: None,
            drain: Duration::from_secs(10),
            prepared_count_max: 10_000,
            ticket_count_max: 8_192,
            session_count_max: 10_000,
            connection_count_max: 10_000,
            message_bytes_max: 256 << 20,
            query_threads: None,
        }
    }
}
