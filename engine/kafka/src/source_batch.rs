//! A micro-batch of a source: records as columns, with the range of offsets that they came from.

use arrow::array::RecordBatch;
use common::TopicPartition;

/// What one poll of a source brought.
#[derive(Debug, Clone)]
pub struct SourceBatch {
    /// The records, by [`source_schema`](common::source_schema); those of one topic partition in
    /// the order of offsets. There may be none: ranges then cover offsets that brought no record.
    pub records: RecordBatch,
    /// One range for each topic partition that moved, by partition number.
    pub ranges: Vec<PartitionRange>,
    /// Which topic of that name the records are from.
    pub incarnation: i32,
    /// Bytes of keys and values.
    pub bytes: usize,
}

/// The offsets of one topic partition that a micro-batch covers: from `first_offset` inclusive, where
/// the range before ended, to `next_offset` exclusive, where the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRange {
    /// The topic partition.
    pub at: TopicPartition,
    /// The first offset that the range covers.
    pub first_offset: i64,
    /// The offset to read next.
    pub next_offset: i64,
    /// How many records came.
    pub records: usize,
}
