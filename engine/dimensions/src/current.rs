//! What pipelines see of dimensions: their current rows, by name.

use arrow::array::RecordBatch;

/// A dimension's rows at one moment.
#[derive(Debug, Clone)]
pub struct DimensionSnapshot {
    /// Another number means that rows may have changed.
    pub version: u64,
    /// The columns of the dimension's definition, one row a key.
    pub rows: RecordBatch,
}

/// Gives pipelines the current rows of dimensions.
pub trait Dimensions: Send + Sync {
    /// The current rows of a dimension; None if it isn't known or has not been read to its end.
    fn current(&self, name: &str) -> Option<DimensionSnapshot>;
}

/// No dimensions: for plans that join none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDimensions;

impl Dimensions for NoDimensions {
    fn current(&self, _: &str) -> Option<DimensionSnapshot> {
        None
    }
}
