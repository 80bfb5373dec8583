//! The flows: micro-batches from a source into the published state, and from there into commit
//! groups.
//!
//! A source has a thread that reads, threads that extract, and one that publishes, joined by short
//! bounded queues, so that the order of reading is the order of publishing and a slow stage slows
//! the reader down. In reading order: [`source_flow`], [`extraction`], [`row_origin`],
//! [`ledger_flow`], [`ledgers`], [`entry_reader`], [`publishing`], [`commit_loop`],
//! [`dimension_flow`]; [`row_loss`] is for tests.

pub mod commit_loop;
pub mod dimension_flow;
mod entry_files;
pub mod entry_reader;
pub mod extraction;
pub mod ledger_flow;
pub mod ledgers;
mod publishing;
pub mod row_loss;
pub mod row_origin;
pub mod shared;
pub mod source_flow;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod untimed;
