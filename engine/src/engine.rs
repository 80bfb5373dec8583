//! The engine as a process runs it: started from settings, watched for failure, stopped.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::flow::commit_loop::{CommitLoop, CommitRhythm};
use crate::flow::ledgers::Ledgers;
use crate::flow::row_loss::RowLoss;
use crate::flow::shared::Shared;
use crate::settings::Settings;
use crate::start::{LedgersConfig, Sources, open_ledgers};
use common::TableDef;
use common::{EngineError, Result};
use lake::commit::{Committer, Maintainer, Recovered, WriterId, commits_table};
use lake::parquet_files::WriteLimits;
use lake::storage::{FaultPlan, Storage, with_s3_environment};
use query::{Sessions, SessionsConfig};
use sql::{Configuration, SourceDef};
use state::{FileIndex, Published, Publisher, SourceProgress, TableState};

/// How much less than others maintenance wants the processor, as `nice` counts (0 to 19).
#[cfg(target_os = "linux")]
const MAINTENANCE_NICE: i32 = 10;

/// A running engine.
///
/// Its threads: one that starts the sources and then watches them, those of the sources' flows
/// (see [`flow`](crate::flow)), and the runtimes `ingest` and `maintenance`. Queries run wherever
/// a session is used.
#[derive(Debug)]
pub struct Engine {
    publisher: Arc<Publisher>,
    sessions: Arc<Sessions>,
    stop_sources: Arc<AtomicBool>,
    stop_committer: watch::Sender<bool>,
    failed: watch::Receiver<Option<Arc<EngineError>>>,
    sources: Option<JoinHandle<Result<()>>>,
    committer: Option<JoinHandle<Result<()>>>,
    ledgers: Ledgers,
    _runtimes: Vec<Arc<Runtime>>,
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
        let row_loss = match &settings.ingest.drop_row {
            None => None,
            Some(text) => Some(Arc::new(RowLoss::parse(text, &configuration.tables)?)),
        };
        let ingest = runtime("ingest", settings.ingest.threads, || {})?;
        let maintenance = runtime("maintenance", settings.maintenance.threads, yield_to_others)?;
        let storage = maintenance.block_on(open_storage(settings))?;
        let mut tables = configuration.tables.clone();
        let writer = WriterId::unique();
        let (committer, recovered) =
            maintenance.block_on(Committer::open(storage.clone(), &tables, writer.clone()))?;
        tables.push(commits_table());
        let epoch = recovered.epoch;
        tracing::info!(
            storage = storage.url(),
            epoch,
            writer = writer.as_str(),
            previous_writer = recovered.previous_writer.as_deref().unwrap_or("none"),
            "storage taken; a server that still writes there with an earlier epoch ends by itself"
        );
        let publisher = Arc::new(Publisher::new(published(
            &tables,
            &configuration,
            &recovered,
        )?));
        let sessions = |threads, memory_bytes_max| {
            Sessions::new(
                &SessionsConfig {
                    threads,
                    memory_bytes_max,
                    spill_bytes_max: settings.query.spill_bytes_max,
                },
                storage.store().clone(),
                keys,
                &configuration,
                publisher.clone(),
            )
            .map(Arc::new)
        };
        let queries = sessions(settings.query.threads, settings.query.memory_bytes_max)?;
        let own = sessions(
            settings.maintenance.threads,
            settings.maintenance.memory_bytes_max,
        )?;
        let run: Arc<str> = format!("live-{epoch}").into();
        let ledgers = maintenance.block_on(open_ledgers(
            &configuration,
            keys,
            &LedgersConfig {
                sessions: &own,
                storage: &storage,
                publisher: &publisher,
                run: &run,
                index_bytes_max: settings.ingest.index_bytes_max,
                writer: writer.as_str().into(),
            },
        ))?;
        let (stop_committer, stopped) = watch::channel(false);
        let (fail, failed) = watch::channel(None);
        let fail = Arc::new(fail);
        let stop_sources = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared {
            publisher: publisher.clone(),
            dimension_versions: Arc::default(),
            sources: Arc::default(),
            ledgers: ledgers.clone(),
            published: Arc::new(Notify::new()),
            committed: Arc::new(Notify::new()),
            memory_bytes_max: settings.ingest.memory_bytes_max,
            stop: stop_sources.clone(),
            row_loss,
            runtime: ingest.handle().clone(),
        });
        let commit_loop = CommitLoop {
            committer,
            publisher: publisher.clone(),
            rhythm: CommitRhythm {
                interval: settings.ingest.commit_interval,
                bytes: settings.ingest.commit_bytes,
            },
            write_limits: WriteLimits::encoding(settings.maintenance.threads),
            maintainer: Arc::new(tokio::sync::Mutex::new(Maintainer::new(
                storage.clone(),
                settings.maintenance.checkpoint_every_groups,
            ))),
            storage,
            configuration_hash: configuration.hash.clone(),
            key_version: keys.version(),
            sources: shared.sources.clone(),
            ledgers: ledgers.clone(),
            published: shared.published.clone(),
            committed: shared.committed.clone(),
        };
        let committer = commit_thread(commit_loop, stopped, maintenance.clone(), fail.clone())?;
        let sources =
            Sources::new(settings, keys, configuration, shared, &recovered).start(fail)?;
        Ok(Self {
            publisher,
            sessions: queries,
            stop_sources,
            stop_committer,
            failed,
            sources: Some(sources),
            committer: Some(committer),
            ledgers,
            _runtimes: vec![ingest, maintenance],
        })
    }

    /// Sessions for queries.
    pub fn sessions(&self) -> Arc<Sessions> {
        self.sessions.clone()
    }

    /// The published state.
    pub fn publisher(&self) -> Arc<Publisher> {
        self.publisher.clone()
    }

    /// A failure that the process cannot outlive: another writer took the storage, or a table
    /// isn't what it must be.
    pub fn failure(&self) -> Option<EngineError> {
        let failed = self.failed.borrow();
        failed
            .as_ref()
            .map(|e| EngineError::new(e.kind, e.to_string()))
    }

    /// Stops reading, commits what was read, and ends all threads.
    ///
    /// Must not be called from async code.
    pub fn stop(mut self) -> Result<()> {
        self.stop_sources.store(true, Ordering::Release);
        let read = join(self.sources.take());
        let _ = self.stop_committer.send(true);
        let committed = join(self.committer.take());
        committed?;
        self.ledgers.snapshot(self.publisher.current().group);
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

async fn open_storage(settings: &Settings) -> Result<Storage> {
    let of = &settings.storage;
    let options = with_s3_environment(&of.url, &of.options, &of.s3_environment);
    let mut storage = Storage::open(&of.url, &options)?;
    if let Some(plan) = &settings.storage.fault_plan {
        storage = storage.with_faults(FaultPlan::parse(plan)?);
    }
    storage.check_ready(settings.storage.free_bytes_min).await?;
    Ok(storage)
}

/// The state that the storage holds, before anything is read.
fn published(
    tables: &[TableDef],
    configuration: &Configuration,
    recovered: &Recovered,
) -> Result<Published> {
    let mut states = Vec::new();
    for def in tables {
        let files = recovered
            .tables
            .get(&def.name)
            .map(|t| t.files.as_slice())
            .unwrap_or_default();
        states.push(TableState::new(def.clone(), FileIndex::new(def, files)?));
    }
    let offsets = Arc::new(crate::start::offsets_at_start(
        &recovered.offsets,
        configuration,
    ));
    let now_us = common::clock::now_us();
    let starting = |source: &SourceDef| {
        let progress = SourceProgress::waiting(&source.name, "starting", now_us);
        (source.name.clone(), Arc::new(progress))
    };
    Ok(Published {
        group: recovered.group,
        published_at_us: now_us,
        offsets: offsets.clone(),
        committed_offsets: offsets,
        incarnations: Arc::new(recovered.incarnations.clone()),
        last_entries: recovered.last_entries.clone(),
        dimension_versions: Arc::new(recovered.dimension_versions.clone()),
        progress: configuration.sources.iter().map(starting).collect(),
        ..Published::of_tables(states)
    })
}

fn commit_thread(
    mut commit_loop: CommitLoop,
    stopped: watch::Receiver<bool>,
    runtime: Arc<Runtime>,
    fail: Arc<watch::Sender<Option<Arc<EngineError>>>>,
) -> Result<JoinHandle<Result<()>>> {
    std::thread::Builder::new()
        .name("commit".into())
        .spawn(move || {
            let outcome = caught(|| runtime.block_on(commit_loop.run(stopped)));
            if let Err(e) = &outcome {
                let failed = EngineError::new(e.kind, e.to_string());
                fail.send_replace(Some(Arc::new(failed)));
            }
            outcome
        })
        .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
}

/// Runs work whose panic must be noticed as much as its error: without a committer nothing that
/// is published would ever be durable.
fn caught(work: impl FnOnce() -> Result<()>) -> Result<()> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(EngineError::internal(
            "the commit thread panicked; its message stands in the log before",
        ))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
