//! Delta logs: what a table's log entries say, and how they are read and put.
//!
//! Reading order: [`actions`] (the JSON lines), [`schema`], [`properties`] and [`stats`] (what they
//! hold), [`log`] (one version's entry), [`state`] (a table at a version: its active files), and
//! [`checkpoint`].
//!
//! Tables are written for reader version 1 and writer version 2, so that every Delta reader can
//! open them; tables that ask for more are refused by name. Commits cost what they add: nothing
//! here keeps or reloads a snapshot to put a version.

pub mod actions;
pub mod checkpoint;
mod checkpoint_files;
pub mod log;
mod new_table;
mod properties;
mod same_table;
pub mod schema;
pub mod state;
pub mod stats;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use new_table::new_table_actions;
pub use same_table::check_same;
