//! Everything that is read from Kafka: opened, dimensions read to their end, then sources started
//! where the last commit group left them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::clock::now_us;
use common::{EngineError, Offsets, Result, TableDef};
use dimensions::{DimensionTable, LiveDimensions};
use kafka::{
    Incarnations, KafkaSettings, KeyedReader, ReaderSettings, SourceReader, Start, TopicId,
};
use lake::commit::{Incarnation, Recovered};
use parking_lot::Mutex;
use pipelines::PipelinePlan;
use sql::{ARCHIVE, Configuration, DEAD_LETTERS, DimensionDef, SourceDef};
use tokio::sync::watch;

use super::watch::{Running, RunningDimension, RunningSource};
use crate::flow::dimension_flow::DimensionFlow;
use crate::flow::extraction::{Extraction, PlannedPipeline};
use crate::flow::shared::Shared;
use crate::flow::source_flow::SourceFlow;
use crate::settings::Settings;

/// How often sources are looked after while dimensions are read.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

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

/// A source whose reader is open.
struct OpenSource<'a> {
    def: &'a SourceDef,
    reader: SourceReader,
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
            reader: settings.ingest.reader(),
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
                    fail.send_replace(Some(Arc::new(e.retold())));
                }
                begun?.watch(&self.shared.publisher, &self.shared.stop)
            })
            .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
    }

    /// Opens everything, reads dimensions, then starts the sources' flows. Sources look for their
    /// topics from the beginning, so that everything that is missing is said at once.
    fn begin(&self) -> Result<Running> {
        let mut running = Running::default();
        let mut sources = self.open_sources()?;
        let mut dimensions = self.open_dimensions()?;
        if !self.read_to_the_end(&mut dimensions, &mut sources)? {
            return Ok(running);
        }
        let live = Arc::new(LiveDimensions::new(
            dimensions
                .iter_mut()
                .map(|flow| Ok((flow.name.clone(), flow.rows()?)))
                .collect::<Result<Vec<_>>>()?,
        ));
        for flow in dimensions {
            running.dimensions.push(RunningDimension {
                dimension: flow.name.clone(),
                thread: self.follow(flow, &live)?,
            });
        }
        for source in sources {
            running.sources.push(RunningSource {
                source: source.def.name.clone(),
                handle: source.reader.handle(),
                dimensions: self.dimensions_of(source.def),
                thread: self
                    .source_flow(source, live.clone())?
                    .start(self.shared.clone())?,
            });
        }
        Ok(running)
    }

    /// Readers of all sources, which take no records yet.
    fn open_sources(&self) -> Result<Vec<OpenSource<'_>>> {
        let open = |def| {
            let reader = self.source_reader(def)?;
            Ok(OpenSource { def, reader })
        };
        self.configuration.sources.iter().map(open).collect()
    }

    fn source_reader(&self, def: &SourceDef) -> Result<SourceReader> {
        let incarnations = self.incarnations.clone();
        let publisher = self.shared.publisher.clone();
        let offsets = self.offsets.clone();
        let topic = def.topic.clone();
        SourceReader::open(&self.kafka, &def.topic, self.reader.clone(), move |id| {
            let incarnation = incarnations.lock().number(&topic, id);
            publisher.note_incarnation(Incarnation {
                topic: topic.clone(),
                topic_id: id.as_str().into(),
                incarnation,
            });
            Ok(Start::after(&offsets, &topic, incarnation))
        })
    }

    fn open_dimensions(&self) -> Result<Vec<DimensionFlow>> {
        let open = |def: &DimensionDef| {
            let incarnations = self.incarnations.clone();
            let topic = def.topic.clone();
            let number = move |id: &TopicId| Ok(incarnations.lock().number(&topic, id));
            let reader = KeyedReader::open(&self.kafka, &def.topic, self.reader.clone(), number)?;
            let table = DimensionTable::new(&def.name, def.schema.clone(), &def.key)?;
            Ok(DimensionFlow::new(def.name.clone(), reader, table))
        };
        self.configuration.dimensions.iter().map(open).collect()
    }

    /// Reads all dimensions to their end, and says meanwhile what each of them and each source waits
    /// for; false where the engine was stopped.
    fn read_to_the_end(
        &self,
        dimensions: &mut [DimensionFlow],
        sources: &mut [OpenSource<'_>],
    ) -> Result<bool> {
        let mut looked_at: Option<Instant> = None;
        loop {
            for flow in &mut *dimensions {
                if self.shared.stop.load(Ordering::Acquire) {
                    return Ok(false);
                }
                if !flow.reader.is_caught_up() {
                    flow.read_some()?;
                }
            }
            let is_done = dimensions.iter().all(|flow| flow.reader.is_caught_up());
            if is_done || looked_at.is_none_or(|at| at.elapsed() >= LOOK_INTERVAL) {
                self.say_what_is_waited_for(dimensions, sources);
                looked_at = Some(Instant::now());
            }
            if is_done {
                return Ok(true);
            }
        }
    }

    fn say_what_is_waited_for(
        &self,
        dimensions: &mut [DimensionFlow],
        sources: &mut [OpenSource<'_>],
    ) {
        let publisher = &self.shared.publisher;
        let mut waits = String::new();
        for flow in dimensions {
            let progress = flow.progress();
            if !progress.caught_up {
                waits += &format!(
                    "; waiting for dimension {}: {}",
                    progress.dimension, progress.state
                );
            }
            publisher.note_dimension(progress);
        }
        for source in sources {
            if self.shared.stop.load(Ordering::Acquire) {
                return;
            }
            let name = &source.def.name;
            if let Err(e) = source.reader.look() {
                // The reader keeps it, and its flow will end with it.
                tracing::debug!(source = %name, error = %e, "the source cannot be read");
            }
            let state = format!("{}{waits}", source.reader.handle().state());
            let known = publisher.current();
            let said = known.progress.get(name).map(|progress| &*progress.state);
            if said != Some(state.as_str()) {
                publisher.note_source_state(name, &state, now_us());
            }
        }
    }

    fn follow(
        &self,
        flow: DimensionFlow,
        live: &Arc<LiveDimensions>,
    ) -> Result<JoinHandle<Result<()>>> {
        let versions = self.shared.dimension_versions.clone();
        flow.note_version(&versions);
        flow.follow(
            live.clone(),
            versions,
            self.shared.publisher.clone(),
            self.shared.stop.clone(),
        )
    }

    /// The dimensions that a source's pipelines join.
    fn dimensions_of(&self, source: &SourceDef) -> BTreeSet<Arc<str>> {
        self.configuration
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.source == source.name)
            .flat_map(|pipeline| pipeline.dimensions.iter().cloned())
            .collect()
    }

    fn source_flow(
        &self,
        source: OpenSource<'_>,
        dimensions: Arc<LiveDimensions>,
    ) -> Result<SourceFlow> {
        let OpenSource { def, reader } = source;
        let extractions = (0..self.threads)
            .map(|_| self.extraction(def))
            .collect::<Result<Vec<_>>>()?;
        Ok(SourceFlow {
            source: def.name.clone(),
            reader,
            extractions,
            dimensions,
            lateness_us: i64::try_from(def.lateness.as_micros()).unwrap_or(i64::MAX),
        })
    }

    fn extraction(&self, source: &SourceDef) -> Result<Extraction> {
        let planner = crate::check::planner(&self.keys)?;
        let mut pipelines = Vec::new();
        for def in &self.configuration.pipelines {
            if def.source != source.name {
                continue;
            }
            pipelines.push(PlannedPipeline {
                name: def.name.clone(),
                sink: self.table(&def.sink)?,
                plan: PipelinePlan::compile(def, &self.configuration, &planner)
                    .map_err(|faults| crate::check::error(&faults))?,
            });
        }
        Ok(Extraction {
            source: source.name.clone(),
            topic: source.topic.clone(),
            pipelines,
            archive: self.table(ARCHIVE)?,
            dead_letters: self.table(DEAD_LETTERS)?,
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
