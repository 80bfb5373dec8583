//! The hot path's own stages put together without Kafka: extraction, ledger, published state.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::commit::commits_table;
use engine::flow::entry_reader::PublishedEntries;
use engine::flow::extraction::{Extraction, PlannedPipeline};
use engine::flow::ledger_flow::LedgerFlow;
use engine::ledger::{Index, IndexKey, Ledger};
use engine::sql::{
    ARCHIVE, Configuration, DEAD_LETTERS, LedgerPipelinePlan, PipelineDef, PipelinePlan,
};
use engine::state::{FileIndex, Published, Publisher, Sessions, SessionsConfig, TableState};
use engine::storage::Storage;
use engine::values::TableDef;
use generator::Keys;

use crate::figures::Outcome;
use crate::material::TOPIC;
use crate::setup::{SQL, ring};

/// The stages, planned from the SQL folder that ships.
pub struct Path {
    /// The folder's content.
    pub configuration: Configuration,
    /// From a micro-batch to rows.
    pub extraction: Extraction,
    /// From events to ledger entries.
    pub ledger: LedgerFlow,
    /// The state that both are published in.
    pub publisher: Arc<Publisher>,
}

impl Path {
    /// Plans everything, with an empty index and no rows.
    pub fn new(keys: &Keys) -> Outcome<Self> {
        let variables = [("mobile_topic", TOPIC), ("products_topic", "products")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let configuration = engine::check(std::path::Path::new(SQL), &variables.into())
            .map_err(|faults| faults.join("\n"))?;
        let ring = ring(keys)?;
        let planner = engine::planning::planner(&ring)?;
        let events = pipeline(&configuration, "mobile_events")?;
        let posting = pipeline(&configuration, "new_users")?;
        let shared = |name: &str| -> Outcome<Arc<TableDef>> {
            let table = configuration.table(name).ok_or("no such table")?;
            Ok(Arc::new(table.clone()))
        };
        let extraction = Extraction {
            source: events.source.clone(),
            topic: TOPIC.into(),
            pipelines: vec![PlannedPipeline {
                name: events.name.clone(),
                sink: shared(&events.sink)?,
                plan: PipelinePlan::compile(events, &configuration, &planner)
                    .map_err(|f| format!("{f:?}"))?,
            }],
            archive: shared(ARCHIVE)?,
            dead_letters: shared(DEAD_LETTERS)?,
        };
        let publisher = Arc::new(Publisher::new(nothing_published(&configuration)?));
        let limits = SessionsConfig {
            threads: 1,
            memory_bytes_max: 1 << 30,
            spill_bytes_max: 1 << 30,
        };
        let store = Storage::in_memory().store().clone();
        let sessions = Sessions::new(&limits, store, &ring, &configuration, publisher.clone())?;
        let table = shared(&posting.sink)?;
        let index = Index::with_key(IndexKey::new(*b"a key of benches"), usize::MAX);
        let ledger = LedgerFlow {
            name: table.name.clone(),
            from: posting.source.clone(),
            plan: LedgerPipelinePlan::compile(posting, &configuration, &planner)
                .map_err(|f| format!("{f:?}"))?,
            ledger: Ledger::new(&table, index, 1)?,
            entries: PublishedEntries {
                sessions: Arc::new(sessions),
                publisher: publisher.clone(),
                ledger: table.name.clone(),
            },
            run: "bench".into(),
        };
        Ok(Self {
            configuration,
            extraction,
            ledger,
            publisher,
        })
    }
}

fn pipeline<'a>(configuration: &'a Configuration, name: &str) -> Outcome<&'a PipelineDef> {
    let found = configuration.pipelines.iter().find(|p| *p.name == *name);
    Ok(found.ok_or("the SQL folder lacks a pipeline")?)
}

fn nothing_published(configuration: &Configuration) -> Outcome<Published> {
    let mut tables = BTreeMap::new();
    for def in configuration.tables.iter().chain([&commits_table()]) {
        let state = TableState {
            files: Arc::new(FileIndex::new(def, &[])?),
            def: Arc::new(def.clone()),
            tail: Vec::new(),
        };
        tables.insert(def.name.clone(), state);
    }
    Ok(Published {
        sequence: 0,
        group: 0,
        published_at_us: 0,
        tables,
        offsets: Arc::default(),
        committed_offsets: Arc::default(),
        incarnations: Arc::default(),
        tail_bytes: 0,
        last_entry: 0,
        last_entries: BTreeMap::new(),
        counts: Vec::new(),
        progress: BTreeMap::new(),
    })
}
