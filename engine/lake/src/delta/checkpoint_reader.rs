//! A checkpoint's Parquet file, read back as log actions.

use arrow_json::WriterBuilder;
use arrow_json::writer::LineDelimited;
use bytes::Bytes;
use common::{EngineError, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::replay::Replay;
use super::{actions, log};
use crate::storage::Storage;

/// The columns that are read; parsed statistics are left out.
const COLUMNS: [&str; 13] = [
    "txn",
    "protocol",
    "metaData",
    "add.path",
    "add.partitionValues",
    "add.size",
    "add.modificationTime",
    "add.dataChange",
    "add.stats",
    "add.deletionVector",
    "remove.path",
    "remove.deletionTimestamp",
    "remove.dataChange",
];

/// The actions of a checkpoint.
pub(super) async fn read(storage: &Storage, location: &str, version: i64) -> Result<Replay> {
    let path = log::checkpoint_path(location, version);
    let bytes = storage.get_file(&path).await?.ok_or_else(|| {
        EngineError::data(format!(
            "checkpoint {path} is missing in {}; restore it from a backup",
            storage.url()
        ))
    })?;
    tokio::task::spawn_blocking(move || apply(bytes))
        .await
        .map_err(|e| EngineError::internal("reading a checkpoint was cut off").caused_by(e))?
        .map_err(|e| e.context(format!("checkpoint {path}")))
}

fn apply(bytes: Bytes) -> Result<Replay> {
    let mut replay = Replay::default();
    // Texts have one type in Parquet, and several in Arrow, which a writer may have chosen from.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(damaged)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    for batch in builder.with_projection(mask).build().map_err(damaged)? {
        let batch = batch.map_err(damaged)?;
        // A partition value that is null is one, too.
        let json = WriterBuilder::new().with_explicit_nulls(true);
        let mut lines = json.build::<_, LineDelimited>(Vec::new());
        lines.write(&batch).map_err(damaged)?;
        for line in actions::parse_lines(&lines.into_inner())? {
            replay.apply(line)?;
        }
    }
    Ok(replay)
}

fn damaged(e: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError::data("the file is damaged, restore it from a backup").caused_by(e)
}
