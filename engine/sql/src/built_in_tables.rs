//! The tables that exist without a statement: dead letters and the archive.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use common::{ARCHIVE_PIPELINE, TableDef, TableKind, headers_type};

use super::engine_columns::table_engine_fields;

/// The dead letters' table.
pub const DEAD_LETTERS: &str = "dead_letters";
/// The archive's table, and the name under which it counts as a pipeline.
pub const ARCHIVE: &str = ARCHIVE_PIPELINE;

/// Both tables.
pub fn built_in_tables() -> Vec<TableDef> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let record = [
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", headers_type(), true),
    ];
    let mut letters = vec![text("source"), text("pipeline"), text("reason")];
    letters.extend(record.clone());
    letters.push(Field::new("sign", DataType::Int32, false));
    let mut archive = vec![text("source"), text("topic")];
    archive.extend(record);
    vec![
        table(
            DEAD_LETTERS,
            TableKind::DeadLetters,
            letters,
            "source",
            "Records and elements that could not become a row, with the reason and the record as \
             received. A replayed one has an entry with sign -1 for the same position.",
        ),
        table(
            ARCHIVE,
            TableKind::Archive,
            archive,
            "topic",
            "Every record as it was received, still encrypted.",
        ),
    ]
}

fn table(
    name: &str,
    kind: TableKind,
    mut fields: Vec<Field>,
    partitioned_by: &str,
    comment: &str,
) -> TableDef {
    fields.extend(table_engine_fields());
    TableDef {
        name: name.into(),
        location: name.to_owned(),
        kind,
        schema: Arc::new(Schema::new(fields)),
        partition_by: vec![partitioned_by.to_owned(), "arrival_hour".to_owned()],
        comment: Some(comment.to_owned()),
    }
}
