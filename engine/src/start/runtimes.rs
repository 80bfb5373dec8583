//! The runtimes that async work of the engine runs on.

use std::sync::Arc;

use common::{EngineError, Result};
use tokio::runtime::Runtime;

use crate::settings::Settings;

/// How much less than others maintenance wants the processor, as `nice` counts (0 to 19).
#[cfg(target_os = "linux")]
const MAINTENANCE_NICE: i32 = 10;

/// Ingestion and maintenance have threads of their own; queries run wherever a session is used.
#[derive(Debug, Clone)]
pub struct Runtimes {
    /// Extraction and posting.
    pub ingest: Arc<Runtime>,
    /// Commit groups, checkpoints, and what a start reads.
    pub maintenance: Arc<Runtime>,
}

impl Runtimes {
    /// Starts the threads.
    pub fn start(settings: &Settings) -> Result<Self> {
        let maintenance = settings.maintenance.threads;
        Ok(Self {
            ingest: runtime("ingest", settings.ingest.threads, || {})?,
            maintenance: runtime("maintenance", maintenance, yield_to_others)?,
        })
    }
}

fn runtime(name: &str, threads: usize, on_start: fn()) -> Result<Arc<Runtime>> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .on_thread_start(on_start)
        .enable_all()
        .build()
        .map(Arc::new)
        .map_err(|e| EngineError::internal("cannot start threads").caused_by(e))
}

/// Makes a thread stand back, on Linux, where others want the processor: while a commit group is
/// encoded, records still become visible and queries are answered. What is late is only committed
/// later; once it takes too much memory, reading pauses.
fn yield_to_others() {
    // On other systems the whole process has one niceness.
    #[cfg(target_os = "linux")]
    if let Err(e) = rustix::process::nice(MAINTENANCE_NICE) {
        tracing::debug!(error = %e, "maintenance runs at the usual priority");
    }
}
