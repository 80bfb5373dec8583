//! The published state: one instant of all tables, swapped as a whole and pinned by each query.
//!
//! Reading order: [`published`] is the state itself and its two changes (a micro-batch is
//! published, a commit group takes the place of a tail); [`file_index`] is a table's committed
//! files with what prunes them; [`pinned`] carries a state through a session; [`provider`] scans a
//! table of it; [`session`] is the one place that makes sessions; [`interrupt`] ends a query that
//! computes, by way of `cooperative` joins; `bounded` functions don't make more than there is room
//! for; [`system`] shows the engine itself as tables.

mod bounded;
mod cooperative;
pub mod dimension_progress;
pub mod file_index;
pub mod interrupt;
pub mod pinned;
pub mod progress;
pub mod provider;
mod public_schema;
pub mod published;
pub mod session;
mod stored_files;
pub mod system;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

pub use bounded::plan_query;
pub use dimension_progress::DimensionProgress;
pub use file_index::FileIndex;
pub use interrupt::{Interrupt, Interrupted};
pub use pinned::Pinned;
pub use progress::{PartitionProgress, SourceProgress};
pub use published::{MicroBatch, Published, Publisher, TableState, Tail};
pub use session::{Sessions, SessionsConfig};
