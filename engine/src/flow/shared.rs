//! What the flows of all sources share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kafka::SourceHandle;
use parking_lot::Mutex;
use state::Publisher;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::dimension_flow::DimensionVersions;
use super::ledgers::Ledgers;
use super::row_loss::RowLoss;

/// What all sources share: publishing is one sequence.
pub struct Shared {
    /// The state.
    pub publisher: Arc<Publisher>,
    /// The dimensions' versions.
    pub dimension_versions: DimensionVersions,
    /// The sources being read.
    pub sources: Mutex<Vec<SourceHandle>>,
    /// The ledgers.
    pub ledgers: Ledgers,
    /// Told when a micro-batch has been published.
    pub published: Notify,
    /// Told when a commit group has been committed.
    pub committed: Notify,
    /// Bytes that may wait for their commit group.
    pub memory_bytes_max: usize,
    /// Told to stop reading.
    pub stop: Arc<AtomicBool>,
    /// For tests: loses a row.
    pub row_loss: Option<RowLoss>,
    /// Where async work of the flows runs.
    pub runtime: Handle,
}

impl Shared {
    /// A state and its ledgers, with no source yet. Async work runs on `runtime`.
    pub fn new(
        publisher: Arc<Publisher>,
        ledgers: Ledgers,
        memory_bytes_max: usize,
        runtime: Handle,
    ) -> Self {
        Self {
            publisher,
            dimension_versions: Arc::default(),
            sources: Mutex::default(),
            ledgers,
            published: Notify::new(),
            committed: Notify::new(),
            memory_bytes_max,
            stop: Arc::default(),
            row_loss: None,
            runtime,
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
