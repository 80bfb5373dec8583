//! What a start does after the storage's epoch is taken: indexes, then dimensions, then sources.
//!
//! In reading order: [`ledgers`] opens the indexes, [`offsets_at_start`] says where reading goes on,
//! [`sources`] opens what is read and starts it, [`watch`] notices what ends.

mod ledgers;
mod offsets_at_start;
mod sources;
mod watch;

pub use ledgers::{LedgersConfig, open_ledgers};
pub use offsets_at_start::offsets_at_start;
pub use sources::Sources;
