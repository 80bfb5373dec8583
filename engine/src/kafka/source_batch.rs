//! A micro-batch of a source: records as columns, with the range of offsets that they came from.

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::values::TopicPartition;

/// What one poll of a source brought.
#[derive(Debug, Clone)]
pub struct SourceBatch {
    /// The records, by [`source_schema`]; those of one topic partition in the order of offsets.
    /// There may be none: ranges then cover offsets that brought no record.
    pub records: RecordBatch,
    /// One range for each topic partition that moved, by partition number.
    pub ranges: Vec<PartitionRange>,
    /// Which topic of that name the records are from.
    pub incarnation: i32,
    /// Bytes of keys and values.
    pub bytes: usize,
    /// The greatest `received`, in microseconds; none without records.
    pub newest_received: Option<i64>,
    /// Records without a Kafka timestamp.
    pub untimed_count: usize,
    /// Records that librdkafka delivered twice and that were dropped.
    pub stale_count: usize,
}

impl SourceBatch {
    /// Offsets that brought no record, over all ranges.
    pub fn gap_count(&self) -> i64 {
        self.ranges.iter().map(PartitionRange::gap_count).sum()
    }
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

impl PartitionRange {
    /// Offsets that brought no record: control records, aborted transactions, compacted records.
    pub fn gap_count(&self) -> i64 {
        let records = i64::try_from(self.records).unwrap_or(i64::MAX);
        self.next_offset - self.first_offset - records
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", headers_type(), true),
        Field::new("topic", DataType::Utf8, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("received", received_type(), false),
    ]))
});

/// The columns of every Kafka source.
///
/// `received` is the record's Kafka timestamp, within the years 1970 to 9999. A record without one
/// gets 1970-01-01T00:00:00Z: replaying it must give the same, so no clock may be asked. Brokers of
/// Kafka 0.10 and later always have one, unless a producer itself writes −1.
pub fn source_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// `ARRAY<STRUCT<key STRING, value BINARY>>`.
pub fn headers_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(
        DataType::Struct(header_fields()),
        true,
    )))
}

pub(super) fn header_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ])
}

fn received_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}
