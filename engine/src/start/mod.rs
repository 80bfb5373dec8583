//! What a start does after the storage's epoch is taken: indexes, then dimensions, then sources.

mod ledgers;
mod sources;

pub use ledgers::{LedgersConfig, open_ledgers};
pub use sources::{Sources, waiting};
