//! `system.sources` and `source_progress`: how far each source has been read.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::Result;
use state::{Published, SourceProgress};

pub(super) fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("state", DataType::Utf8, false),
        Field::new("topic_id", DataType::Utf8, false),
        Field::new("partitions", DataType::Int32, false),
        Field::new("lag_records", DataType::Int64, false),
        Field::new("caught_up", DataType::Boolean, false),
        Field::new("as_of", utc(), true),
        Field::new("watermark", utc(), true),
        Field::new("seen_at", utc(), false),
        Field::new("gap_offsets", DataType::Int64, false),
        Field::new("stale_records", DataType::Int64, false),
    ]))
}

fn lag_records(p: &SourceProgress) -> i64 {
    p.partitions
        .iter()
        .map(|p| (p.end_offset - p.next_offset).max(0))
        .sum()
}

pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let sources = || state.progress.values();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(sources().map(|p| &p.source))),
        Arc::new(StringArray::from_iter_values(sources().map(|p| &p.state))),
        Arc::new(StringArray::from_iter_values(
            sources().map(|p| &p.topic_id),
        )),
        Arc::new(Int32Array::from_iter_values(
            sources().map(|p| i32::try_from(p.partitions.len()).unwrap_or(i32::MAX)),
        )),
        Arc::new(Int64Array::from_iter_values(
            sources().map(|p| lag_records(p)),
        )),
        Arc::new(BooleanArray::from_iter(
            sources().map(|p| Some(p.caught_up())),
        )),
        instants(sources().map(|p| p.as_of_us())),
        instants(sources().map(|p| p.watermark_us())),
        instants(sources().map(|p| Some(p.seen_at_us))),
        Arc::new(Int64Array::from_iter_values(sources().map(|p| p.gap_count))),
        Arc::new(Int64Array::from_iter_values(
            sources().map(|p| p.stale_count),
        )),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}

pub(super) fn source_progress_rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let sources = || state.progress.values();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(sources().map(|p| &p.source))),
        instants(sources().map(|p| p.as_of_us())),
        instants(sources().map(|p| p.watermark_us())),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}

pub(super) fn instants(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter(values).with_timezone("UTC"))
}
