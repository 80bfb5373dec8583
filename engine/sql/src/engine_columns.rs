//! The columns that the engine appends to every table that a pipeline writes.

use arrow::datatypes::Field;
use common::position_type;

use super::column_type::utc_time;

/// The names of the columns that the engine appends to a table.
pub const ENGINE_COLUMNS: [&str; 3] = ["received", "arrival_hour", "position"];

/// `received`, `arrival_hour` and `position`.
pub fn table_engine_fields() -> Vec<Field> {
    vec![
        Field::new("received", utc_time(), false),
        Field::new("arrival_hour", utc_time(), false),
        Field::new("position", position_type(), false),
    ]
}
