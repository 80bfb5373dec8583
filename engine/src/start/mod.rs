//! What a start does after the storage's epoch is taken: indexes, then dimensions, then sources.

mod ledgers;
mod sources;

pub use ledgers::Ledgers;
pub use sources::{Sources, waiting};
