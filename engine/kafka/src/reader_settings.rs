//! The limits and intervals of a reader.

use std::time::Duration;

/// How much one micro-batch may hold and how often a reader looks around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Records in a micro-batch at most.
    pub batch_rows_max: usize,
    /// Bytes of keys and values in a micro-batch at most; one larger record makes one alone.
    pub batch_bytes_max: usize,
    /// How long a micro-batch is collected at most; also how long a poll blocks.
    pub batch_time_max: Duration,
    /// Whether headers are read. Without it they are null.
    pub headers: bool,
    /// How often the topic is asked for new partitions and for its id.
    pub refresh_interval: Duration,
    /// How often brokers are tried again while they or the topic are away.
    pub retry_interval: Duration,
    /// How long one request to a broker may take before it counts as away.
    pub request_timeout: Duration,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self {
            batch_rows_max: 32 * 1024,
            batch_bytes_max: 16 * 1024 * 1024,
            batch_time_max: Duration::from_millis(50),
            headers: true,
            refresh_interval: Duration::from_secs(10),
            retry_interval: Duration::from_secs(1),
            request_timeout: Duration::from_secs(2),
        }
    }
}
