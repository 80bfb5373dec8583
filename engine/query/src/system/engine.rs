//! `system.engine`: figures of the process that answers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use sql::plans_made;
use state::Published;

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("value", DataType::Int64, false),
    ]))
}

/// `ledger_entries` are those of all ledgers, the tail's included. `plans_made` counts plans of pipelines: it stands still while micro-batches go through, since a
/// pipeline is planned once for each configuration.
pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let large = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let figures = [
        ("commit_group", state.group),
        ("ledger_entries", state.last_entries.values().sum()),
        ("micro_batches_published", large(state.sequence)),
        ("plans_made", large(plans_made())),
        ("tail_bytes", count(state.tail_bytes)),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(figures.iter().map(|f| f.0))),
        Arc::new(Int64Array::from_iter_values(figures.iter().map(|f| f.1))),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}
