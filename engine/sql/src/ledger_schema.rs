//! The stored schema of a ledger: what its SQL declares, then the engine's own columns.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use ledger::engine_fields;

/// The declared columns with the engine's behind them.
pub fn ledger_schema(declared: Vec<Field>) -> SchemaRef {
    let fields: Vec<Field> = declared.into_iter().chain(engine_fields()).collect();
    Arc::new(Schema::new(fields))
}
