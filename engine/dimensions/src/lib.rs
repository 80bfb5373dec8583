//! Dimensions: small keyed tables that pipelines join.
//!
//! ```text
//!  KeyedRecord ─► DimensionTable ─► DimensionSnapshot ─► LiveDimensions ◄─ current(name) ─ pipelines
//!  key, JSON      last change       rows, version        of all dimensions
//!                 of each key
//! ```
//!
//! A [`DimensionTable`] takes changes of keys ([`KeyedRecord`](common::KeyedRecord)) and says what
//! the rows are, one for each key. Whoever follows a dimension puts its rows into
//! [`LiveDimensions`], where pipelines find them by the trait [`Dimensions`]. Where changes come
//! from is not known here: nothing here reads Kafka or files, asks a clock or starts a thread.
//!
//! In reading order: `cell`, `table`, `current`, `live`.

mod cell;
mod current;
mod live;
mod table;

pub use cell::{DIMENSION_TYPES, is_dimension_type};
pub use current::{DimensionSnapshot, Dimensions, NoDimensions};
pub use live::LiveDimensions;
pub use table::DimensionTable;
