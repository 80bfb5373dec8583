//! Headwater's engine: encrypted logs on Kafka become exact counts in Delta tables.
//!
//! A micro-batch of a source ([`kafka`]) goes through the pipelines of the SQL folder ([`sql`]) and
//! the first-seen ledger ([`ledger`]) into the published state ([`state`]), where queries see it at
//! once, and from there, as part of a commit group ([`commit`]), into Delta tables ([`delta`],
//! [`parquet_files`]) in an object store ([`storage`]). [`flow`] joins these; [`Engine`] is all of it
//! as a process runs it. Imports go down only: values and pure decisions at the bottom, adapters that
//! don't know each other above them, flows on top.
//!
//! In reading order: [`values`], [`error`], [`statement`], [`storage`], [`delta`], [`parquet_files`], [`commit`],
//! [`kafka`], [`sql`], [`ledger`], [`state`], [`flow`], [`start`], [`engine`], [`settings`].

pub mod clock;
pub mod commit;
pub mod delta;
pub mod engine;
pub mod error;
pub mod flow;
mod host_port;
pub mod kafka;
pub mod ledger;
pub mod parquet_files;
pub mod planning;
pub mod settings;
pub mod sql;
pub mod start;
pub mod state;
pub mod statement;
pub mod storage;
pub mod values;

pub use engine::Engine;
pub use error::{EngineError, Kind, Result};
pub use planning::check;
