//! The published state: one instant of all tables, swapped as a whole.
//!
//! Micro-batches flow in as [`MicroBatch`]es, commit groups take the place of tails, and readers
//! take the [`Published`] of a moment. Reading order: [`published`] is the state itself and its two
//! changes; [`file_index`] is a table's committed files with what prunes them; [`progress`] and
//! [`dimension_progress`] tell how far sources and dimensions have been read. Nothing here runs a
//! query, or reads or writes a file.

pub mod dimension_progress;
pub mod file_index;
pub mod progress;
pub mod published;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use dimension_progress::DimensionProgress;
pub use file_index::FileIndex;
pub use progress::{PartitionProgress, SourceProgress};
pub use published::{MicroBatch, Published, Publisher, TableState, Tail};
