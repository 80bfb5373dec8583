//! One record of a compacted topic.

/// One record of a compacted topic: what its key stands for from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRecord {
    /// The record's key; `None` is null, which no row can have.
    pub key: Option<Vec<u8>>,
    /// The new row; `None` deletes it.
    pub value: Option<Vec<u8>>,
    /// The Kafka timestamp in microseconds, as sources have it.
    pub received: i64,
    /// The topic partition's number.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}
