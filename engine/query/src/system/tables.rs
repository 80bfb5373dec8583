//! `system.tables`: files, rows and bytes of each stored table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use state::{Published, TableState};

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("table_name", DataType::Utf8, false),
        Field::new("location", DataType::Utf8, false),
        Field::new("files", DataType::Int64, false),
        Field::new("rows", DataType::Int64, false),
        Field::new("bytes", DataType::Int64, false),
        Field::new("tail_rows", DataType::Int64, false),
        Field::new("commit_group", DataType::Int64, false),
    ]))
}

pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let tables = || state.tables.values();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let numbers = |f: &dyn Fn(&TableState) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(tables().map(f)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(tables().map(|t| &t.def.name))),
        Arc::new(StringArray::from_iter_values(
            tables().map(|t| &t.def.location),
        )),
        numbers(&|t| count(t.files.file_count())),
        numbers(&|t| t.files.rows()),
        numbers(&|t| t.files.bytes()),
        numbers(&|t| t.tail.iter().map(|t| count(t.rows.num_rows())).sum()),
        numbers(&|_| state.group),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}
