//! All ledgers of a configuration, shared by the flows that post to them and the committer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::ledger_flow::LedgerFlow;
use crate::error::Result;
use crate::state::Published;

/// All ledgers with their pipelines.
#[derive(Clone)]
pub struct Ledgers {
    /// Held while a micro-batch is posted and published, so that a ledger has one writer.
    pub flows: Arc<Mutex<Vec<LedgerFlow>>>,
    cache: Option<PathBuf>,
    writer: Arc<str>,
}

impl std::fmt::Debug for Ledgers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledgers").finish_non_exhaustive()
    }
}

/// Where a ledger's index snapshot lies in the folder of caches.
pub fn snapshot_path(cache: &Path, ledger: &str) -> PathBuf {
    cache.join(format!("{ledger}.index"))
}

impl Ledgers {
    /// Ledgers whose flows are ready; `cache` is the folder of index snapshots, and `writer` who
    /// commits the groups that snapshots are of.
    pub fn new(flows: Vec<LedgerFlow>, cache: Option<PathBuf>, writer: Arc<str>) -> Self {
        Self {
            flows: Arc::new(Mutex::new(flows)),
            cache,
            writer,
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

    /// Writes a snapshot of each index as of a committed group, so that a start reads only what
    /// came after it. A snapshot is a cache: a failure is logged.
    pub fn snapshot(&self, group: i64) {
        let Some(cache) = &self.cache else { return };
        let frozen: Vec<_> = self
            .flows
            .lock()
            .iter()
            .map(|flow| (flow.name.clone(), flow.ledger.freeze()))
            .collect();
        for (ledger, frozen) in frozen {
            let written: Result<()> = frozen.and_then(|frozen| {
                let group = format!("{group} {}", self.writer);
                frozen.write(&snapshot_path(cache, &ledger), &group)
            });
            if let Err(e) = written {
                tracing::warn!(%ledger, error = %e, "no index snapshot");
            }
        }
    }
}
