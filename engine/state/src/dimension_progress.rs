//! How a dimension stands, as `system.dimensions` shows it.

use std::sync::Arc;

/// How one dimension stands at a published state. Queries don't depend on it: each micro-batch joins
/// the rows that the dimension has at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionProgress {
    /// The dimension's name.
    pub dimension: Arc<str>,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id, as Kafka prints it; empty while the topic isn't known.
    pub topic_id: Arc<str>,
    /// What the dimension's reader does, or the error that stopped it.
    pub state: Arc<str>,
    /// Keys that have a row.
    pub row_count: i64,
    /// Changes without a usable key, or with a value that makes no row, since the start.
    pub unusable_count: i64,
    /// Everything that was there at the start has been read.
    pub caught_up: bool,
    /// Records that are known and not read yet.
    pub lag_records: i64,
    /// When the reader was last in touch with Kafka, in microseconds since the epoch.
    pub seen_at_us: i64,
}
