//! The hot path's own stages put together without Kafka: extraction, ledger, published state.

use std::sync::Arc;

use common::TableDef;
use engine::flow::entry_reader::PublishedEntries;
use engine::flow::extraction::{Extraction, PlannedPipeline};
use engine::flow::ledger_flow::LedgerFlow;
use generator::Keys;
use lake::commit::commits_table;
use lake::storage::Storage;
use ledger::{Index, IndexKey, Ledger};
use pipelines::{LedgerPipelinePlan, PipelinePlan};
use sql::{ARCHIVE, Configuration, DEAD_LETTERS, PipelineDef};
use state::{FileIndex, Published, Publisher, TableState};

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
        let planner = engine::check::planner(&ring)?;
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
        let table = shared(&posting.sink)?;
        let index = Index::with_key(IndexKey::new(*b"a key of benches"), usize::MAX);
        let ledger = LedgerFlow {
            name: table.name.clone(),
            from: posting.source.clone(),
            plan: LedgerPipelinePlan::compile(posting, &configuration, &planner)
                .map_err(|f| format!("{f:?}"))?,
            ledger: Ledger::new(&table, index, 1)?,
            entries: PublishedEntries::new(
                Storage::in_memory(),
                publisher.clone(),
                table.name.clone(),
            ),
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
    let mut tables = Vec::new();
    for def in configuration.tables.iter().chain([&commits_table()]) {
        tables.push(TableState::new(def.clone(), FileIndex::new(def, &[])?));
    }
    Ok(Published::of_tables(tables))
}
