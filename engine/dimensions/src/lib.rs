//! Dimensions: small keyed tables that pipelines join.
//!
//! The records of a compacted topic ([`KeyedRecord`](common::KeyedRecord)) become the rows of a
//! [`DimensionTable`], one a key; [`Dimensions`] gives pipelines the rows as they stand. Where the
//! records come from is not known here: nothing here names Kafka, files or threads.

mod cell;
mod current;
mod live;
mod table;

pub use cell::{DIMENSION_TYPES, is_dimension_type};
pub use current::{DimensionSnapshot, Dimensions, NoDimensions};
pub use live::LiveDimensions;
pub use table::DimensionTable;
