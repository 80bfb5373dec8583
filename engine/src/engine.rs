//! The engine as a process runs it: started from settings, watched for failure, stopped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use common::{EngineError, Result};
use lake::commit::Maintainer;
use lake::parquet_files::WriteLimits;
use query::{Sessions, SessionsConfig};
use sql::Configuration;
use state::Publisher;
use tokio::sync::watch;

use crate::flow::commit_loop::{CommitLoop, CommitRhythm};
use crate::flow::row_loss::RowLoss;
use crate::flow::shared::Shared;
use crate::settings::Settings;
use crate::start::{
    LedgersConfig, Runtimes, Sources, commit_thread, open_ledgers, published_at_start, take_storage,
};

/// A running engine.
///
/// Its threads: one that starts the sources and then watches them, those of the sources' flows
/// (see [`flow`](crate::flow)), and the runtimes `ingest` and `maintenance`. Queries run wherever
/// a session is used.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    sessions: Arc<Sessions>,
    stop_committer: watch::Sender<bool>,
    failed: watch::Receiver<Option<Arc<EngineError>>>,
    sources: Option<JoinHandle<Result<()>>>,
    committer: Option<JoinHandle<Result<()>>>,
    _runtimes: Runtimes,
}

impl Engine {
    /// Starts: plans the SQL, takes the storage's epoch, rolls forward, loads the ledgers' indexes;
    /// then reads dimensions and sources in the background. Nothing is read before all that can be
    /// checked has been.
    ///
    /// Must not be called from async code.
    pub fn start(settings: &Settings, keys: &Arc<udfs::keys::KeyRing>) -> Result<Self> {
        let configuration = configuration(settings)?;
        if configuration.sources.is_empty() {
            tracing::warn!("the SQL folder has no source: nothing will be read from Kafka");
        }
        let row_loss = settings.ingest.drop_row.as_ref();
        let row_loss = row_loss.map(|text| RowLoss::parse(text, &configuration.tables));
        let row_loss = row_loss.transpose()?;
        let runtimes = Runtimes::start(settings)?;
        let maintenance = &runtimes.maintenance;
        let taken = maintenance.block_on(take_storage(settings, &configuration.tables))?;
        let state = published_at_start(&configuration, &taken.recovered)?;
        let publisher = Arc::new(Publisher::new(state));
        let sessions = |threads, memory_bytes_max| {
            let limits = SessionsConfig {
                threads,
                memory_bytes_max,
                spill_bytes_max: settings.query.spill_bytes_max,
            };
            let store = taken.storage.store().clone();
            Sessions::new(&limits, store, keys, &configuration, publisher.clone()).map(Arc::new)
        };
        let queries = sessions(settings.query.threads, settings.query.memory_bytes_max)?;
        let own = &settings.maintenance;
        let own = sessions(own.threads, own.memory_bytes_max)?;
        let ledgers = LedgersConfig {
            sessions: &own,
            storage: &taken.storage,
            publisher: &publisher,
            run: &format!("live-{}", taken.recovered.epoch).into(),
            index_bytes_max: settings.ingest.index_bytes_max,
            writer: taken.writer.as_str().into(),
        };
        let ledgers = maintenance.block_on(open_ledgers(&configuration, keys, &ledgers))?;
        let shared = Arc::new(Shared {
            row_loss,
            ..Shared::new(
                publisher.clone(),
                ledgers,
                settings.ingest.memory_bytes_max,
                runtimes.ingest.handle().clone(),
            )
        });
        let commit_loop = CommitLoop {
            shared: shared.clone(),
            committer: taken.committer,
            rhythm: CommitRhythm {
                interval: settings.ingest.commit_interval,
                bytes: settings.ingest.commit_bytes,
            },
            write_limits: WriteLimits::encoding(settings.maintenance.threads),
            maintainer: Arc::new(tokio::sync::Mutex::new(Maintainer::new(
                taken.storage.clone(),
                settings.maintenance.checkpoint_every_groups,
            ))),
            storage: taken.storage,
            configuration_hash: configuration.hash.clone(),
            key_version: keys.version(),
        };
        let (stop_committer, stopped) = watch::channel(false);
        let (fail, failed) = watch::channel(None);
        let fail = Arc::new(fail);
        let committer = commit_thread(commit_loop, stopped, maintenance.clone(), fail.clone())?;
        let sources = Sources::new(
            settings,
            keys,
            configuration,
            shared.clone(),
            &taken.recovered,
        );
        let sources = sources.start(fail)?;
        Ok(Self {
            shared,
            sessions: queries,
            stop_committer,
            failed,
            sources: Some(sources),
            committer: Some(committer),
            _runtimes: runtimes,
        })
    }

    /// Sessions for queries.
    pub fn sessions(&self) -> Arc<Sessions> {
        self.sessions.clone()
    }

    /// The published state.
    pub fn publisher(&self) -> Arc<Publisher> {
        self.shared.publisher.clone()
    }

    /// A failure that the process cannot outlive: another writer took the storage, or a table
    /// isn't what it must be.
    pub fn failure(&self) -> Option<EngineError> {
        let failed = self.failed.borrow();
        failed.as_ref().map(|e| e.retold())
    }

    /// Stops reading, commits what was read, and ends all threads.
    ///
    /// Must not be called from async code.
    pub fn stop(mut self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Release);
        let read = join(self.sources.take());
        let _ = self.stop_committer.send(true);
        let committed = join(self.committer.take());
        committed?;
        let group = self.shared.publisher.current().group;
        self.shared.ledgers.snapshot(group);
        read
    }
}

fn join(thread: Option<JoinHandle<Result<()>>>) -> Result<()> {
    match thread.map(JoinHandle::join) {
        None => Ok(()),
        Some(Ok(outcome)) => outcome,
        Some(Err(_)) => Err(EngineError::internal("a thread of the engine panicked")),
    }
}

fn configuration(settings: &Settings) -> Result<Configuration> {
    crate::check(&settings.sql.folder, &settings.sql.variables)
        .map_err(|faults| EngineError::invalid(faults.join("\n")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
