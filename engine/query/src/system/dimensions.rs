//! `system.dimensions`: how each dimension stands.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use state::{DimensionProgress, Published};

use super::sources::{instants, utc};

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("dimension", DataType::Utf8, false),
        Field::new("topic", DataType::Utf8, false),
        Field::new("topic_id", DataType::Utf8, false),
        Field::new("state", DataType::Utf8, false),
        Field::new("rows", DataType::Int64, false),
        Field::new("unusable_changes", DataType::Int64, false),
        Field::new("caught_up", DataType::Boolean, false),
        Field::new("lag_records", DataType::Int64, false),
        Field::new("seen_at", utc(), false),
    ]))
}

pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let dimensions = || state.dimensions.values();
    let texts = |f: fn(&DimensionProgress) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(dimensions().map(|d| f(d))))
    };
    let numbers = |f: fn(&DimensionProgress) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(dimensions().map(|d| f(d))))
    };
    let columns = vec![
        texts(|d| &d.dimension),
        texts(|d| &d.topic),
        texts(|d| &d.topic_id),
        texts(|d| &d.state),
        numbers(|d| d.row_count),
        numbers(|d| d.unusable_count),
        Arc::new(BooleanArray::from_iter(
            dimensions().map(|d| Some(d.caught_up)),
        )),
        numbers(|d| d.lag_records),
        instants(dimensions().map(|d| Some(d.seen_at_us))),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}
