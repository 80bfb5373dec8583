//! One version's entry in a table's log.

use bytes::Bytes;
use common::{EngineError, Result};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, PutMode, PutOptions};
use serde::Deserialize;

use super::actions::{self, APP_ID, ActionLine};
use crate::storage::Storage;

/// What a put of a version came to, as far as its answer tells.
#[derive(Debug)]
pub enum PutOutcome {
    /// The entry is there, and it is this one.
    Landed,
    /// The version exists; whose it is must be read.
    Exists,
    /// The answer got lost or was an error: the entry may be there or not.
    Unknown(Error),
}

/// The pointer that a checkpoint leaves beside the log. Only a hint: it may be stale or absent.
#[derive(Debug, Deserialize)]
pub struct LastCheckpoint {
    /// The version of the checkpoint.
    pub version: i64,
}

/// The folder of a table's log.
pub fn log_folder(location: &str) -> Path {
    Path::from(location).join("_delta_log")
}

/// The path of a version's entry.
pub fn entry_path(location: &str, version: i64) -> Path {
    log_folder(location).join(format!("{version:020}.json"))
}

/// The path of a checkpoint of one file.
pub(super) fn checkpoint_path(location: &str, version: i64) -> Path {
    log_folder(location).join(format!("{version:020}.checkpoint.parquet"))
}

/// The path of the pointer to the last checkpoint.
pub(super) fn last_checkpoint_path(location: &str) -> Path {
    log_folder(location).join("_last_checkpoint")
}

/// Puts an entry at exactly this version, if the version is not there.
pub async fn put_version(
    storage: &Storage,
    location: &str,
    version: i64,
    bytes: Bytes,
) -> PutOutcome {
    let path = entry_path(location, version);
    let put = storage
        .store()
        .put_opts(&path, bytes.into(), PutOptions::from(PutMode::Create));
    match put.await {
        Ok(_) => PutOutcome::Landed,
        Err(Error::AlreadyExists { .. }) => PutOutcome::Exists,
        Err(e) => PutOutcome::Unknown(e),
    }
}

/// The lines of a version's entry; `None` where there is no such version.
///
/// # Errors
/// [`common::Kind::Unavailable`] if storage doesn't answer, [`common::Kind::Data`] for an entry
/// that is not one.
pub async fn read_version(
    storage: &Storage,
    location: &str,
    version: i64,
) -> Result<Option<Vec<ActionLine>>> {
    let path = entry_path(location, version);
    match storage.get_file(&path).await? {
        None => Ok(None),
        Some(bytes) => actions::parse_lines(&bytes)
            .map(Some)
            .map_err(|e| e.context(format!("log entry {path}"))),
    }
}

/// The commit group that an entry belongs to, by its `txn`.
pub fn group_of(lines: &[ActionLine]) -> Option<i64> {
    lines
        .iter()
        .filter_map(|line| line.txn.as_ref())
        .find(|txn| txn.app_id == APP_ID)
        .map(|txn| txn.version)
}

/// The pointer to the last checkpoint, if there is one that can be read.
pub async fn last_checkpoint(storage: &Storage, location: &str) -> Result<Option<LastCheckpoint>> {
    let bytes = storage.get_file(&last_checkpoint_path(location)).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// What a log's folder holds, from a version on.
#[derive(Debug, Default)]
pub struct LogListing {
    /// The versions that have an entry, ascending.
    pub entries: Vec<i64>,
    /// The versions that have a checkpoint of one file, ascending.
    pub checkpoints: Vec<i64>,
}

impl LogListing {
    /// The last version.
    pub fn latest(&self) -> Option<i64> {
        self.entries.last().copied()
    }
}

/// Lists a log from its last checkpoint on (the whole log where there is none).
pub async fn list(storage: &Storage, location: &str) -> Result<LogListing> {
    list_for(storage, location, i64::MAX).await
}

/// Lists a log for the reading of a version: from its last checkpoint on if that is not behind the
/// version, otherwise all of it.
pub(super) async fn list_for(
    storage: &Storage,
    location: &str,
    version: i64,
) -> Result<LogListing> {
    if let Some(last) = last_checkpoint(storage, location).await?
        && last.version <= version
    {
        let listing = list_from(storage, location, last.version).await?;
        // The pointer is only a hint: without its checkpoint, an older one must be found.
        if listing.checkpoints.contains(&last.version) {
            return Ok(listing);
        }
    }
    list_from(storage, location, 0).await
}

async fn list_from(storage: &Storage, location: &str, from: i64) -> Result<LogListing> {
    let folder = log_folder(location);
    // Every file of version `from` sorts behind the bare number.
    let offset = folder.clone().join(format!("{from:020}"));
    let mut listing = LogListing::default();
    let mut files = storage.store().list_with_offset(Some(&folder), &offset);
    let unlisted = |e: Error| {
        EngineError::unavailable(format!("cannot list {folder} in {}", storage.url())).caused_by(e)
    };
    while let Some(file) = files.try_next().await.map_err(unlisted)? {
        let Some(name) = file.location.filename() else {
            continue;
        };
        let Some((version, kind)) = name.split_once('.') else {
            continue;
        };
        let Ok(version) = version.parse::<i64>() else {
            continue;
        };
        match kind {
            "json" => listing.entries.push(version),
            "checkpoint.parquet" => listing.checkpoints.push(version),
            _ => {}
        }
    }
    listing.entries.sort_unstable();
    listing.checkpoints.sort_unstable();
    Ok(listing)
}
