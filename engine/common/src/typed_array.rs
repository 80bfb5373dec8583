//! Arrays of which the type is known but for the compiler.

use arrow::array::{Array, ArrayRef, RecordBatch};

use super::error::{EngineError, Result};

/// An array as its own type.
pub fn typed<A: Array + Clone + 'static>(array: &ArrayRef) -> Result<A> {
    let typed = array.as_any().downcast_ref::<A>();
    typed
        .cloned()
        .ok_or_else(|| EngineError::internal(format!("array has type {}", array.data_type())))
}

/// A column of a record batch as its own type.
pub fn column<A: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Result<A> {
    let column = batch.column_by_name(name);
    let column = column.and_then(|c| c.as_any().downcast_ref::<A>());
    column.cloned().ok_or_else(|| {
        EngineError::internal(format!("column {name} is missing or of another type"))
    })
}
