//! Dimensions read to their end, then sources assigned where the last commit group left them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::now_us;
use crate::commit::{Incarnation, Recovered};
use crate::error::{EngineError, Kind, Result};
use crate::flow::dimension_flow::{DimensionFlow, LiveDimensions};
use crate::flow::extraction::{Extraction, PlannedPipeline};
use crate::flow::source_flow::{Shared, SourceFlow};
use crate::kafka::{
    DimensionReader, DimensionTable, Incarnations, KafkaSettings, ReaderSettings, SourceReader,
    Start, TopicId,
};
use crate::settings::Settings;
use crate::sql::{ARCHIVE, Configuration, DEAD_LETTERS, PipelinePlan, SourceDef};
use crate::state::SourceProgress;
use crate::values::{Offsets, TableDef};

/// How often the flows are looked at for one that has ended.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Everything that is read from Kafka, before it starts.
pub struct Sources {
    configuration: Configuration,
    keys: Arc<udfs::keys::KeyRing>,
    kafka: KafkaSettings,
    reader: ReaderSettings,
    threads: usize,
    shared: Arc<Shared>,
    offsets: Offsets,
    incarnations: Arc<Mutex<Incarnations>>,
}

/// The threads of sources and dimensions.
#[derive(Default)]
struct Running {
    flows: Vec<(Arc<str>, JoinHandle<Result<()>>)>,
    followers: Vec<JoinHandle<Result<()>>>,
}

/// A source that is not read yet.
pub fn waiting(source: &Arc<str>, state: &str) -> SourceProgress {
    SourceProgress {
        source: source.clone(),
        topic_id: "".into(),
        state: state.into(),
        partitions: Vec::new(),
        seen_at_us: now_us(),
        lateness_us: 0,
    }
}

impl Sources {
    /// Sources that go on where the last commit group left them.
    pub fn new(
        settings: &Settings,
        keys: &Arc<udfs::keys::KeyRing>,
        configuration: Configuration,
        shared: Arc<Shared>,
        recovered: &Recovered,
    ) -> Self {
        let known = recovered.incarnations.iter().map(|i| {
            let id = TopicId::from(i.topic_id.as_ref());
            (i.topic.clone(), id, i.incarnation)
        });
        Self {
            kafka: settings.kafka.clone(),
            reader: ReaderSettings {
                batch_rows_max: settings.ingest.micro_batch_records,
                batch_bytes_max: settings.ingest.micro_batch_bytes,
                batch_time_max: settings.ingest.micro_batch,
                ..ReaderSettings::default()
            },
            threads: settings.ingest.threads,
            keys: keys.clone(),
            configuration,
            shared,
            offsets: recovered.offsets.clone(),
            incarnations: Arc::new(Mutex::new(Incarnations::new(known))),
        }
    }

    /// Starts reading in the background. What ends a flow is sent to `fail` where the process
    /// cannot outlive it; otherwise the flow stops, and `system.sources` says why.
    pub fn start(
        self,
        fail: Arc<watch::Sender<Option<Arc<EngineError>>>>,
    ) -> Result<JoinHandle<Result<()>>> {
        std::thread::Builder::new()
            .name("sources".into())
            .spawn(move || {
                let begun = self.begin();
                if let Err(e) = &begun {
                    let failed = EngineError::new(e.kind, e.to_string());
                    fail.send_replace(Some(Arc::new(failed)));
                }
                self.watch(begun?)
            })
            .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
    }

    /// Reads dimensions, then starts the sources' flows.
    fn begin(&self) -> Result<Running> {
        let mut running = Running::default();
        let Some((dimensions, followers)) = self.read_dimensions()? else {
            return Ok(running);
        };
        running.followers = followers;
        for source in &self.configuration.sources {
            let flow = self.source_flow(source, &dimensions)?;
            let thread = flow.start(self.shared.clone())?;
            running.flows.push((source.name.clone(), thread));
        }
        Ok(running)
    }

    /// Waits until all flows have ended. One that fails stops alone: the others go on, queries are
    /// answered, and `system.sources` and the log say why.
    fn watch(&self, running: Running) -> Result<()> {
        let mut flows = running.flows;
        let mut outcome = Ok(());
        while !flows.is_empty() {
            let (ended, going_on): (Vec<_>, Vec<_>) =
                flows.into_iter().partition(|f| f.1.is_finished());
            flows = going_on;
            for (source, flow) in ended {
                if let Err(e) = join(flow) {
                    tracing::error!(%source, error = %e, "the source stopped");
                    self.note_state(&source, &format!("stopped: {e}"));
                    outcome = outcome.and(Err(e));
                }
            }
            std::thread::sleep(WATCH_INTERVAL);
        }
        for follower in running.followers {
            outcome = outcome.and(join(follower));
        }
        outcome
    }

    /// Says what a source is doing; how far it has been read stays.
    fn note_state(&self, source: &Arc<str>, state: &str) {
        let known = self.shared.publisher.current();
        let mut progress = match known.progress.get(source) {
            Some(progress) => (**progress).clone(),
            None => waiting(source, state),
        };
        progress.state = state.into();
        self.shared.publisher.note_progress(progress, now_us());
    }

    /// Reads all dimensions to their end and follows them; None where the engine was stopped
    /// meanwhile.
    #[expect(clippy::type_complexity, reason = "a pair for the one caller")]
    fn read_dimensions(
        &self,
    ) -> Result<Option<(Arc<LiveDimensions>, Vec<JoinHandle<Result<()>>>)>> {
        let mut flows = Vec::new();
        for def in &self.configuration.dimensions {
            let incarnations = self.incarnations.clone();
            let topic = def.topic.clone();
            let mut flow = DimensionFlow {
                name: def.name.clone(),
                reader: DimensionReader::open(
                    &self.kafka,
                    &def.topic,
                    self.reader.clone(),
                    move |id| Ok(incarnations.lock().number(&topic, id)),
                )?,
                table: DimensionTable::new(&def.name, def.schema.clone(), &def.key)?,
            };
            let handle = flow.reader.handle();
            let mut said = String::new();
            while !flow.reader.is_caught_up() {
                if self.shared.stop.load(Ordering::Acquire) {
                    return Ok(None);
                }
                flow.read_some()?;
                let state = format!("waiting for dimension {}: {}", def.name, handle.state());
                if state != said {
                    for source in &self.configuration.sources {
                        self.note_state(&source.name, &state);
                    }
                    said = state;
                }
            }
            flows.push(flow);
        }
        let rows = flows
            .iter_mut()
            .map(|f| Ok((f.name.clone(), f.rows()?)))
            .collect::<Result<BTreeMap<_, _>>>()?;
        let live = Arc::new(LiveDimensions::new(rows));
        let followers = flows
            .into_iter()
            .map(|flow| {
                let versions = self.shared.dimension_versions.clone();
                flow.note_version(&versions);
                flow.follow(live.clone(), versions, self.shared.stop.clone())
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Some((live, followers)))
    }

    fn source_flow(
        &self,
        source: &SourceDef,
        dimensions: &Arc<LiveDimensions>,
    ) -> Result<SourceFlow> {
        let incarnations = self.incarnations.clone();
        let publisher = self.shared.publisher.clone();
        let offsets = self.offsets.clone();
        let topic = source.topic.clone();
        let reader =
            SourceReader::open(&self.kafka, &source.topic, self.reader.clone(), move |id| {
                let incarnation = incarnations.lock().number(&topic, id);
                publisher.note_incarnation(Incarnation {
                    topic: topic.clone(),
                    topic_id: id.as_str().into(),
                    incarnation,
                });
                Ok(Start::after(&offsets, &topic, incarnation))
            })?;
        let extractions = (0..self.threads)
            .map(|_| self.extraction(source))
            .collect::<Result<Vec<_>>>()?;
        Ok(SourceFlow {
            source: source.name.clone(),
            reader,
            extractions,
            dimensions: dimensions.clone(),
            lateness_us: i64::try_from(source.lateness.as_micros()).unwrap_or(i64::MAX),
        })
    }

    fn extraction(&self, source: &SourceDef) -> Result<Extraction> {
        let planner = crate::planning::planner(&self.keys)?;
        let mut pipelines = Vec::new();
        for def in &self.configuration.pipelines {
            if def.source != source.name {
                continue;
            }
            pipelines.push(PlannedPipeline {
                name: def.name.clone(),
                sink: self.table(&def.sink)?,
                plan: PipelinePlan::compile(def, &self.configuration, &planner)
                    .map_err(|faults| crate::planning::error(&faults))?,
            });
        }
        Ok(Extraction {
            source: source.name.clone(),
            topic: source.topic.clone(),
            pipelines,
            archive: self.table(ARCHIVE)?,
            dead_letters: self.table(DEAD_LETTERS)?,
            row_loss: self.shared.row_loss.clone(),
        })
    }

    fn table(&self, name: &str) -> Result<Arc<TableDef>> {
        let table = self.configuration.table(name);
        table
            .cloned()
            .map(Arc::new)
            .ok_or_else(|| EngineError::internal(format!("no table {name}")))
    }
}

fn join(thread: JoinHandle<Result<()>>) -> Result<()> {
    thread
        .join()
        .unwrap_or_else(|_| Err(EngineError::new(Kind::Internal, "a flow's thread panicked")))
}
