//! The making of a checkpoint, which a reader loads instead of the log before it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow_json::ReaderBuilder;
use bytes::Bytes;
use common::{EngineError, Result, clock};
use object_store::ObjectStoreExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::actions::{ActionLine, Add, Remove};
use super::replay::Replay;
use super::{log, snapshot};
use crate::storage::Storage;

/// How many actions are turned into one Arrow batch.
const ACTIONS_AT_ONCE: usize = 8192;
/// How long a file that was taken out is remembered in checkpoints: the default of Delta's property
/// `delta.deletedFileRetentionDuration`, one week.
const REMOVED_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// Writes the checkpoint of a table at a version, then the pointer to it. It costs time and memory
/// in proportion to the table's active files: call it off the ingest path.
///
/// The format is a classic checkpoint of one file: see the Delta protocol, "Checkpoints".
///
/// # Errors
/// [`common::Kind::Data`] for a log that cannot be replayed, [`common::Kind::Unavailable`] if storage
/// doesn't answer; nothing depends on a checkpoint, so that the caller may go on.
pub async fn create(storage: &Storage, location: &str, version: i64) -> Result<()> {
    let failed = |e: EngineError| {
        e.context(format!(
            "cannot make the checkpoint of {location} at version {version} in {}",
            storage.url()
        ))
    };
    let (replay, _) = snapshot::replay(storage, location, version)
        .await
        .map_err(failed)?;
    let now_ms = clock::now_us() / 1000;
    let encoded = tokio::task::spawn_blocking(move || encode(replay, now_ms))
        .await
        .map_err(|e| EngineError::internal("writing a checkpoint was cut off").caused_by(e))?
        .map_err(failed)?;
    let pointer = json!({
        "version": version,
        "size": encoded.actions,
        "sizeInBytes": encoded.bytes.len(),
        "numOfAddFiles": encoded.files,
    });
    for (path, bytes) in [
        (log::checkpoint_path(location, version), encoded.bytes),
        (
            log::last_checkpoint_path(location),
            pointer.to_string().into(),
        ),
    ] {
        let put = storage.store().put(&path, bytes.into()).await;
        put.map_err(|e| {
            failed(EngineError::unavailable(format!("cannot put {path}")).caused_by(e))
        })?;
    }
    Ok(())
}

/// A checkpoint's file, with what the pointer to it tells.
struct Encoded {
    bytes: Bytes,
    actions: usize,
    files: usize,
}

fn encode(replay: Replay, now_ms: i64) -> Result<Encoded> {
    let (files, mut actions) = (replay.adds.len(), 0);
    let schema = Arc::new(schema());
    let broken = |e| EngineError::internal("log actions don't fit a checkpoint").caused_by(e);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut decoder = ReaderBuilder::new(schema.clone())
        .build_decoder()
        .map_err(broken)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties))?;
    let mut lines = lines(replay, now_ms)?;
    loop {
        for line in lines.by_ref().take(ACTIONS_AT_ONCE) {
            decoder.serialize(&[line]).map_err(broken)?;
        }
        let Some(batch) = decoder.flush().map_err(broken)? else {
            break;
        };
        actions += batch.num_rows();
        writer.write(&batch)?;
    }
    Ok(Encoded {
        bytes: writer.into_inner()?.into(),
        actions,
        files,
    })
}

/// What is left of the log, an action a line.
fn lines(replay: Replay, now_ms: i64) -> Result<impl Iterator<Item = ActionLine>> {
    let (protocol, meta_data) = replay.required()?;
    let first = [
        ActionLine {
            protocol: Some(protocol.clone()),
            ..ActionLine::default()
        },
        ActionLine {
            meta_data: Some(meta_data.clone()),
            ..ActionLine::default()
        },
    ];
    let txns = replay.txns.into_values().map(|txn| ActionLine {
        txn: Some(txn),
        ..ActionLine::default()
    });
    // Actions of a checkpoint have `dataChange` false.
    let adds = replay.adds.into_values().map(|add| ActionLine {
        add: Some(Add {
            data_change: false,
            ..add
        }),
        ..ActionLine::default()
    });
    let removes = replay.removes.into_values().filter(move |remove| {
        let removed_ms = remove.deletion_timestamp.unwrap_or(0);
        now_ms.saturating_sub(removed_ms) <= REMOVED_KEPT_MS
    });
    let removes = removes.map(|remove| ActionLine {
        remove: Some(Remove {
            data_change: false,
            ..remove
        }),
        ..ActionLine::default()
    });
    Ok(first.into_iter().chain(txns).chain(adds).chain(removes))
}

/// The schema of a checkpoint: see the Delta protocol, "Checkpoint Schema".
fn schema() -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let long = |name: &str| Field::new(name, DataType::Int64, true);
    let integer = |name: &str| Field::new(name, DataType::Int32, true);
    let flag = |name: &str| Field::new(name, DataType::Boolean, true);
    let texts = |name: &str| Field::new_list(name, text("element"), true);
    let map = |name: &str| {
        let key = Field::new("key", DataType::Utf8, false);
        Field::new_map(name, "key_value", key, text("value"), false, true)
    };
    let of = |name: &str, fields: Vec<Field>| Field::new_struct(name, fields, true);
    Schema::new(vec![
        of(
            "txn",
            vec![text("appId"), long("version"), long("lastUpdated")],
        ),
        of(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                long("size"),
                long("modificationTime"),
                flag("dataChange"),
                text("stats"),
            ],
        ),
        of(
            "remove",
            vec![text("path"), long("deletionTimestamp"), flag("dataChange")],
        ),
        of(
            "metaData",
            vec![
                text("id"),
                text("name"),
                text("description"),
                of("format", vec![text("provider"), map("options")]),
                text("schemaString"),
                texts("partitionColumns"),
                map("configuration"),
                long("createdTime"),
            ],
        ),
        of(
            "protocol",
            vec![
                integer("minReaderVersion"),
                integer("minWriterVersion"),
                texts("readerFeatures"),
                texts("writerFeatures"),
            ],
        ),
    ])
}
