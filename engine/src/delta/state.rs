//! A table at a version: its schema, protocol and active files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::actions::{self, APP_ID, ActionLine, MetaData, Protocol};
use super::{checkpoint_files, log, properties};
use crate::error::{EngineError, Result};
use crate::storage::Storage;
use crate::values::DataFile;

/// How many log entries are read at the same time.
const ENTRIES_AT_ONCE: usize = 16;

/// A table as of one version.
#[derive(Debug)]
pub struct TableState {
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

impl TableState {
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
/// [`crate::Kind::Data`] where an entry is missing or broken, or the table asks for more than
/// Headwater reads (it is named); [`crate::Kind::Unavailable`] if storage doesn't answer.
pub async fn load(storage: &Storage, location: &str, version: i64) -> Result<TableState> {
    let listing = log::list(storage, location).await?;
    let checkpoint = listing
        .checkpoints
        .iter()
        .rev()
        .find(|checkpoint| **checkpoint <= version)
        .copied();
    let mut building = Building::default();
    if let Some(checkpoint) = checkpoint {
        building = checkpoint_files::read(storage, location, checkpoint, building).await?;
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
            building
                .apply(line)
                .map_err(|e| e.context(format!("table {location}")))?;
        }
    }
    building
        .finish(version, listing.latest().unwrap_or(version))
        .map_err(|e| e.context(format!("table {location} at version {version}")))
}

/// A table while its log is replayed from old to new.
#[derive(Debug, Default)]
pub(super) struct Building {
    protocol: Option<Protocol>,
    meta_data: Option<MetaData>,
    group: Option<i64>,
    files: HashMap<Arc<str>, DataFile>,
    removed: HashSet<Arc<str>>,
}

impl Building {
    pub(super) fn apply(&mut self, line: ActionLine) -> Result<()> {
        if let Some(protocol) = line.protocol {
            check_protocol(&protocol)?;
            self.protocol = Some(protocol);
        }
        if let Some(meta_data) = line.meta_data {
            properties::check_format(&meta_data)?;
            self.meta_data = Some(meta_data);
        }
        if let Some(txn) = line.txn
            && txn.app_id == APP_ID
        {
            self.group = Some(txn.version);
        }
        if let Some(add) = line.add {
            let file = add.into_file()?;
            self.removed.remove(&file.path);
            self.files.insert(file.path.clone(), file);
        }
        if let Some(remove) = line.remove {
            let path: Arc<str> = Arc::from(actions::decode_path(&remove.path)?);
            self.files.remove(&path);
            self.removed.insert(path);
        }
        Ok(())
    }

    fn finish(self, version: i64, latest_version: i64) -> Result<TableState> {
        if self.protocol.is_none() {
            return Err(EngineError::data("the log has no protocol action"));
        }
        let mut files: Vec<_> = self.files.into_values().collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(TableState {
            version,
            latest_version,
            meta_data: self
                .meta_data
                .ok_or_else(|| EngineError::data("the log has no metaData action"))?,
            group: self.group,
            files,
            removed: self.removed,
        })
    }
}

fn check_protocol(protocol: &Protocol) -> Result<()> {
    if protocol.min_reader_version <= 1 && protocol.min_writer_version <= 2 {
        return Ok(());
    }
    let features = [&protocol.reader_features, &protocol.writer_features]
        .into_iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    Err(EngineError::data(format!(
        "the table asks for reader version {} and writer version {} (features: {}); Headwater \
         knows versions 1 and 2 without features",
        protocol.min_reader_version,
        protocol.min_writer_version,
        if features.is_empty() {
            "none"
        } else {
            &features
        },
    )))
}
