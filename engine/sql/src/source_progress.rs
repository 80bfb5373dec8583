//! `source_progress`: how far each source has been read, in every schema that metrics are bound to.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::column_type::utc_time;

/// The table's name. Views read it unqualified.
pub const SOURCE_PROGRESS: &str = "source_progress";

/// One row a source: its name; the instant up to which it is read; the instant below which it is
/// not expected to bring more. Both are null until each partition has said something.
pub fn source_progress_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("as_of", utc_time(), true),
        Field::new("watermark", utc_time(), true),
    ]))
}
