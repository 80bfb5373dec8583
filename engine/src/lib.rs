//! Headwater's engine: sources, pipelines, tables, the ledger and the published state.

pub mod clock;
pub mod error;
pub mod values;
pub mod commit;
pub mod delta;
pub mod kafka;
pub mod ledger;
pub mod parquet_files;
pub mod settings;
pub mod sql;
pub mod storage;

pub use error::{EngineError, Kind, Result};
