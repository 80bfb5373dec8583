//! Delta logs: what a table's log entries say, and how they are read and put.
//!
//! Reading order: [`actions`] (the JSON lines), [`schema`], [`properties`] and [`stats`] (what they
//! hold), [`log`] (one version's entry), `replay` (all actions up to a version), [`snapshot`] (a table
//! at a version: its active files), and [`checkpoint_writer`].
//!
//! Tables are written for reader version 1 and writer version 2, so that every Delta reader can
//! open them; tables that ask for more are refused by name. Commits cost what they add: nothing
//! here keeps or reloads a snapshot to put a version.

pub mod actions;
mod checkpoint_reader;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod checkpoint_tests;
pub mod checkpoint_writer;
pub mod log;
mod new_table;
mod properties;
mod replay;
mod same_table;
pub mod schema;
pub mod snapshot;
pub mod stats;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use new_table::new_table_actions;
pub use same_table::check_same;
