//! `system.positions`: the next offset of every pipeline and topic partition, so that anyone can
//! cut their own books at the same state.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use state::Published;

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("pipeline", DataType::Utf8, false),
        Field::new("topic", DataType::Utf8, false),
        Field::new("topic_id", DataType::Utf8, true),
        Field::new("incarnation", DataType::Int32, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("next_offset", DataType::Int64, false),
        Field::new("committed_offset", DataType::Int64, true),
    ]))
}

pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let offsets = &state.offsets;
    let keys = || offsets.keys();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(keys().map(|k| &k.pipeline))),
        Arc::new(StringArray::from_iter_values(keys().map(|k| &k.at.topic))),
        Arc::new(StringArray::from_iter(keys().map(|k| {
            state
                .incarnations
                .iter()
                .find(|i| i.topic == k.at.topic && i.incarnation == k.at.incarnation)
                .map(|i| i.topic_id.clone())
        }))),
        Arc::new(Int32Array::from_iter_values(
            keys().map(|k| k.at.incarnation),
        )),
        Arc::new(Int32Array::from_iter_values(keys().map(|k| k.at.partition))),
        Arc::new(Int64Array::from_iter_values(offsets.values().copied())),
        Arc::new(Int64Array::from_iter(
            keys().map(|k| state.committed_offsets.get(k).copied()),
        )),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}
