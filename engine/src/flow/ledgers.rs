//! All ledgers of a configuration, shared by the flows that post to them and the committer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::Result;
use lake::storage::Storage;
use ledger::Frozen;
use parking_lot::Mutex;
use state::Published;

use super::ledger_flow::LedgerFlow;

/// All ledgers with their pipelines.
#[derive(Clone)]
pub struct Ledgers {
    /// Held while a micro-batch is posted and published, so that a ledger has one writer.
    pub flows: Arc<Mutex<Vec<LedgerFlow>>>,
    storage: Storage,
    writer: Arc<str>,
    /// The number after the last entry of each snapshot on disk that a start would use.
    snapshots: Arc<Mutex<BTreeMap<Arc<str>, i64>>>,
}

/// The commit group that a snapshot is of, as its header names it: its number and its writer, which
/// together are in one sequence only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotGroup {
    /// The group's number.
    pub group: i64,
    /// Who committed it.
    pub writer: String,
}

impl SnapshotGroup {
    /// Reads the name; None where it is none.
    pub fn parse(name: &str) -> Option<Self> {
        let (group, writer) = name.split_once(' ')?;
        Some(Self {
            group: group.parse().ok()?,
            writer: writer.to_owned(),
        })
    }
}

impl std::fmt::Display for SnapshotGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.group, self.writer)
    }
}

impl std::fmt::Debug for Ledgers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledgers").finish_non_exhaustive()
    }
}

/// Where a ledger's index snapshot lies; None where storage isn't a local folder.
pub fn snapshot_path(storage: &Storage, ledger: &str) -> Option<PathBuf> {
    let root = storage.folder()?;
    Some(root.join("cache").join(format!("{ledger}.index")))
}

impl Ledgers {
    /// Ledgers whose flows are ready; `storage` is where index snapshots lie, `writer` who commits
    /// the groups that they are of, and `snapshots` the number after the last entry of each one
    /// that is there and was used.
    pub fn new(
        flows: Vec<LedgerFlow>,
        storage: Storage,
        writer: Arc<str>,
        snapshots: BTreeMap<Arc<str>, i64>,
    ) -> Self {
        Self {
            flows: Arc::new(Mutex::new(flows)),
            storage,
            writer,
            snapshots: Arc::new(Mutex::new(snapshots)),
        }
    }

    /// Tells the ledgers that everything up to a cut is durable.
    pub fn committed(&self, cut: &Published) {
        for flow in self.flows.lock().iter_mut() {
            if let Some(entry) = cut.last_entries.get(&flow.name) {
                flow.ledger.entries_committed(*entry);
            }
        }
    }

    /// Writes a snapshot of each index as of a committed group of this writer's, so that a start
    /// reads only what came after it. Where the snapshot on disk has all committed entries already,
    /// it stays. A snapshot is a cache: a failure is logged.
    pub fn snapshot(&self, group: i64) {
        let group = SnapshotGroup {
            group,
            writer: self.writer.to_string(),
        };
        let frozen: Vec<_> = self
            .flows
            .lock()
            .iter()
            .filter_map(|flow| {
                let path = snapshot_path(&self.storage, &flow.name)?;
                Some((flow.name.clone(), path, flow.ledger.freeze()))
            })
            .collect();
        for (ledger, path, frozen) in frozen {
            let written = frozen.and_then(|frozen| self.write(&ledger, &path, frozen, &group));
            if let Err(e) = written {
                tracing::warn!(%ledger, error = %e, "no index snapshot");
            }
        }
    }

    fn write(
        &self,
        ledger: &Arc<str>,
        path: &Path,
        frozen: Frozen,
        group: &SnapshotGroup,
    ) -> Result<()> {
        let mut on_disk = self.snapshots.lock();
        let next_entry = frozen.next_entry();
        if on_disk.get(ledger).is_some_and(|has| *has >= next_entry) {
            return Ok(());
        }
        self.storage.check_in_place()?;
        frozen.write(path, &group.to_string())?;
        on_disk.insert(ledger.clone(), next_entry);
        Ok(())
    }

    /// The number after the last entry of the snapshot on disk that a start would use.
    #[cfg(test)]
    pub fn snapshot_on_disk(&self, ledger: &str) -> Option<i64> {
        self.snapshots.lock().get(ledger).copied()
    }
}
