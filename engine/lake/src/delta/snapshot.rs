//! A table at a version: its schema, protocol and active files.

use std::collections::HashSet;
use std::sync::Arc;

use common::{DataFile, EngineError, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::actions::{self, APP_ID, MetaData};
use super::replay::Replay;
use super::{checkpoint_reader, log};
use crate::storage::Storage;

/// How many log entries are read at the same time.
const ENTRIES_AT_ONCE: usize = 16;

/// A table as of one version.
#[derive(Debug)]
pub struct Snapshot {
    /// The version.
    pub version: i64,
    /// The last version that the log has.
    pub latest_version: i64,
    /// Schema, partitioning, properties.
    pub meta_data: MetaData,
    /// The commit group that wrote last.
    pub group: Option<i64>,
    /// The active files, by path.
    pub files: Vec<DataFile>,
    /// Paths of files that were removed and that older versions may still need.
    pub removed: HashSet<Arc<str>>,
}

impl Snapshot {
    /// Whether a file is or was part of the table.
    pub fn knows(&self, path: &str) -> bool {
        self.removed.contains(path)
            || self
                .files
                .binary_search_by(|file| (*file.path).cmp(path))
                .is_ok()
    }
}

/// Loads a table at a version: the last checkpoint at or below it, then the entries after that.
///
/// # Errors
/// [`common::Kind::Data`] where an entry is missing or broken, or the table asks for more than
/// Headwater reads (it is named); [`common::Kind::Unavailable`] if storage doesn't answer.
pub async fn load(storage: &Storage, location: &str, version: i64) -> Result<Snapshot> {
    let (replay, latest_version) = replay(storage, location, version).await?;
    finish(replay, version, latest_version)
        .map_err(|e| e.context(format!("table {location} at version {version}")))
}

/// The log's actions up to a version, and the last version that the log has.
pub(super) async fn replay(
    storage: &Storage,
    location: &str,
    version: i64,
) -> Result<(Replay, i64)> {
    let listing = log::list_for(storage, location, version).await?;
    let checkpoint = listing
        .checkpoints
        .iter()
        .rev()
        .find(|checkpoint| **checkpoint <= version)
        .copied();
    let mut replay = Replay::default();
    if let Some(checkpoint) = checkpoint {
        replay = checkpoint_reader::read(storage, location, checkpoint).await?;
    }
    let first = checkpoint.map_or(0, |checkpoint| checkpoint + 1);
    let mut entries = stream::iter(first..=version)
        .map(|version| async move {
            let path = log::entry_path(location, version);
            match storage.get_file(&path).await? {
                Some(bytes) => {
                    actions::parse_lines(&bytes).map_err(|e| e.context(format!("log entry {path}")))
                }
                None => Err(EngineError::data(format!(
                    "log entry {path} is missing in {}; restore it from a backup",
                    storage.url()
                ))),
            }
        })
        .buffered(ENTRIES_AT_ONCE);
    while let Some(lines) = entries.try_next().await? {
        for line in lines {
            replay
                .apply(line)
                .map_err(|e| e.context(format!("table {location}")))?;
        }
    }
    Ok((replay, listing.latest().unwrap_or(version)))
}

fn finish(replay: Replay, version: i64, latest_version: i64) -> Result<Snapshot> {
    let (_, meta_data) = replay.required()?;
    let meta_data = meta_data.clone();
    let files = replay.adds.into_iter();
    let files = files.map(|(path, add)| add.into_file(path));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(Snapshot {
        version,
        latest_version,
        meta_data,
        group: replay.txns.get(APP_ID).map(|txn| txn.version),
        files,
        removed: replay.removes.into_keys().collect(),
    })
}
