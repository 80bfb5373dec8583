//! A small SQL folder, planned, with storage in memory, and records that are made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use common::{Result, TableDef, TableKind, TopicPartition, source_schema};
use dimensions::NoDimensions;
use kafka::{PartitionRange, SourceBatch};
use lake::parquet_files::{FileName, FileNaming, write};
use lake::storage::Storage;
use ledger::{CatchUp, EntryReader, Index, IndexKey, Ledger, with_commit_group};
use pipelines::{LedgerPipelinePlan, PipelinePlan};
use sql::{ARCHIVE, Configuration, DEAD_LETTERS, PipelineDef};
use state::{FileIndex, Published, Publisher, SourceProgress, TableState};
use tokio::runtime::Runtime;
use udfs::keys::KeyRing;

use crate::flow::entry_reader::PublishedEntries;
use crate::flow::extraction::{Extracted, Extraction, PlannedPipeline};
use crate::flow::ledger_flow::LedgerFlow;
use crate::flow::ledgers::Ledgers;
use crate::flow::publishing::publish_one;
use crate::flow::row_loss::RowLoss;
use crate::flow::shared::Shared;

/// 2026-01-01T00:00:00Z.
pub const START_US: i64 = 1_767_225_600_000_000;
pub const MINUTE_US: i64 = 60_000_000;
pub const SOURCE: &str = "raw";
pub const TOPIC: &str = "raw-logs";

/// Records such as `[{"d":"device","c":"channel","id":"event id"}]`; channel `skip` is filtered.
/// Two ledgers are fed by the same events.
const FOLDER: [(&str, &str); 6] = [
    (
        "sources/raw.sql",
        "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION 'raw-logs'",
    ),
    (
        "tables/seen.sql",
        "CREATE EXTERNAL TABLE seen (
             product STRING NOT NULL, device STRING NOT NULL, channel STRING,
             event_time TIMESTAMP NOT NULL, tie BINARY
         ) STORED AS DELTA PARTITIONED BY (product, arrival_hour) LOCATION 'seen'",
    ),
    (
        "pipelines/feed.sql",
        "INSERT INTO seen
         WITH logs AS (
             SELECT received, unnest_outer(elements(from_json(value,
                 'ARRAY<STRUCT<d STRING, c STRING, id STRING>>'))) AS l
             FROM raw)
         SELECT 'browser' AS product, l.value.d AS device, l.value.c AS channel,
             received AS event_time, tie(l.value.id, NULL) AS tie,
             CASE WHEN l.value IS NULL THEN 'malformed' END AS reject
         FROM logs WHERE coalesce(l.value.c, '') <> 'skip'",
    ),
    (
        "ledgers/first.sql",
        "CREATE EXTERNAL TABLE first (
             product STRING NOT NULL, device STRING NOT NULL, channel STRING,
             event_time TIMESTAMP NOT NULL, tie BINARY
         ) STORED AS LEDGER PARTITIONED BY (product, posted_day) LOCATION 'first'
         OPTIONS ('key' 'product, device', 'order' 'received, event_time, tie, channel')",
    ),
    (
        "pipelines/firsts.sql",
        "INSERT INTO first SELECT product, device, channel, event_time, tie FROM seen",
    ),
    (
        "ledgers/other.sql",
        "CREATE EXTERNAL TABLE other (
             product STRING NOT NULL, device STRING NOT NULL, channel STRING,
             event_time TIMESTAMP NOT NULL, tie BINARY
         ) STORED AS LEDGER PARTITIONED BY (product, posted_day) LOCATION 'other'
         OPTIONS ('key' 'product, device', 'order' 'received, event_time, tie, channel')",
    ),
];
const OTHERS: (&str, &str) = (
    "pipelines/others.sql",
    "INSERT INTO other SELECT product, device, channel, event_time, tie FROM seen",
);

/// One record of a topic partition.
#[derive(Debug, Clone)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    /// 0 where it has none.
    pub received_us: i64,
    pub value: String,
}

/// A record with one element, received so many minutes after the start.
pub fn record(offset: i64, device: &str, channel: &str, minute: i64) -> Record {
    Record {
        partition: 0,
        offset,
        received_us: START_US + minute * MINUTE_US,
        value: format!(r#"[{{"d":"{device}","c":"{channel}","id":"{offset}"}}]"#),
    }
}

/// A micro-batch of records, whose offsets ascend in each partition.
pub fn micro_batch(records: &[Record]) -> SourceBatch {
    let rows = records.len();
    let schema = source_schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "value" => Arc::new(BinaryArray::from_iter_values(
                    records.iter().map(|r| &r.value),
                )),
                "topic" => Arc::new(StringArray::from(vec![TOPIC; rows])),
                "partition" => Arc::new(Int32Array::from_iter_values(
                    records.iter().map(|r| r.partition),
                )),
                "offset" => Arc::new(Int64Array::from_iter_values(
                    records.iter().map(|r| r.offset),
                )),
                "received" => Arc::new(
                    TimestampMicrosecondArray::from_iter_values(
                        records.iter().map(|r| r.received_us),
                    )
                    .with_timezone("UTC"),
                ),
                _ => new_null_array(field.data_type(), rows),
            }
        })
        .collect();
    let mut ranges: BTreeMap<i32, PartitionRange> = BTreeMap::new();
    for record in records {
        let range = ranges
            .entry(record.partition)
            .or_insert_with(|| PartitionRange {
                at: at(record.partition),
                first_offset: record.offset,
                next_offset: record.offset,
                records: 0,
            });
        range.next_offset = record.offset + 1;
        range.records += 1;
    }
    SourceBatch {
        records: RecordBatch::try_new(schema, columns).unwrap(),
        ranges: ranges.into_values().collect(),
        incarnation: 0,
        bytes: 0,
    }
}

pub fn at(partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TOPIC.into(),
        incarnation: 0,
        partition,
    }
}

fn configuration(files: &[(&str, &str)]) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    crate::check(folder.path(), &BTreeMap::new()).unwrap()
}

fn keys() -> Arc<KeyRing> {
    Arc::new(KeyRing::new([]).unwrap())
}

fn table(configuration: &Configuration, name: &str) -> Arc<TableDef> {
    Arc::new(configuration.table(name).unwrap().clone())
}

fn pipeline<'a>(configuration: &'a Configuration, name: &str) -> &'a PipelineDef {
    let pipelines = &configuration.pipelines;
    pipelines.iter().find(|p| *p.name == *name).unwrap()
}

/// The feed of the folder.
pub fn extraction(configuration: &Configuration) -> Extraction {
    let planner = crate::check::planner(&keys()).unwrap();
    let feed = pipeline(configuration, "feed");
    Extraction {
        source: SOURCE.into(),
        topic: TOPIC.into(),
        pipelines: vec![PlannedPipeline {
            name: feed.name.clone(),
            sink: table(configuration, "seen"),
            plan: PipelinePlan::compile(feed, configuration, &planner).unwrap(),
        }],
        archive: table(configuration, ARCHIVE),
        dead_letters: table(configuration, DEAD_LETTERS),
    }
}

/// The folder without ledgers.
pub fn folder() -> Configuration {
    configuration(&FOLDER[..3])
}

/// What the feed makes of records.
pub fn extracted(records: &[Record], loss: Option<&str>) -> Extracted {
    let extraction = extraction(&folder());
    let batch = micro_batch(records);
    let run = extraction.run(&batch, &NoDimensions);
    let mut extracted = futures::executor::block_on(run).unwrap();
    if let Some(loss) = loss {
        let loss = RowLoss::parse(loss, &folder().tables).unwrap();
        loss.strike_pipeline(&mut extracted);
    }
    extracted
}

/// The rows of one table among extracted ones.
pub fn rows_of<'a>(extracted: &'a Extracted, table: &str) -> &'a RecordBatch {
    let found = extracted.rows.iter().find(|(name, _)| **name == *table);
    &found.unwrap().1
}

/// Everything behind the reader of one source.
pub struct World {
    pub configuration: Configuration,
    pub extraction: Extraction,
    pub storage: Storage,
    pub shared: Shared,
    runtime: Runtime,
}

impl World {
    /// One ledger, `first`, whose entries are read through `reads`.
    pub fn new(storage: Storage, reads: Storage) -> Self {
        Self::of(&FOLDER[..5], storage, reads, usize::MAX)
    }

    /// Two ledgers; the index of `other` may take so many bytes.
    pub fn with_other(other_bytes_max: usize) -> Self {
        let files: Vec<_> = FOLDER.into_iter().chain([OTHERS]).collect();
        let storage = Storage::in_memory();
        Self::of(&files, storage.clone(), storage, other_bytes_max)
    }

    fn of(
        files: &[(&str, &str)],
        storage: Storage,
        reads: Storage,
        other_bytes_max: usize,
    ) -> Self {
        let configuration = configuration(files);
        let planner = crate::check::planner(&keys()).unwrap();
        let publisher = Arc::new(Publisher::new(nothing_published(&configuration)));
        let ledgers = ["first", "other"]
            .into_iter()
            .filter(|name| configuration.table(name).is_some())
            .map(|name| {
                let def = pipeline(&configuration, &format!("{name}s"));
                let table = table(&configuration, name);
                let bytes_max = match name {
                    "other" => other_bytes_max,
                    _ => usize::MAX,
                };
                let index = Index::with_key(key(), bytes_max);
                LedgerFlow {
                    name: table.name.clone(),
                    from: def.source.clone(),
                    plan: LedgerPipelinePlan::compile(def, &configuration, &planner).unwrap(),
                    ledger: Ledger::new(&table, index, 1).unwrap(),
                    entries: PublishedEntries::new(
                        reads.clone(),
                        publisher.clone(),
                        table.name.clone(),
                    ),
                    run: "live-1".into(),
                }
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let none = BTreeMap::new();
        let ledgers = Ledgers::new(ledgers, Storage::in_memory(), "writer".into(), none);
        let shared = Shared::new(publisher, ledgers, usize::MAX, runtime.handle().clone());
        let world = Self {
            extraction: extraction(&configuration),
            configuration,
            storage,
            shared,
            runtime,
        };
        world
            .shared
            .publisher
            .note_progress(progress("reading"), START_US);
        world
    }

    /// Extracts records and publishes what comes of them.
    pub fn publish(&self, records: &[Record]) -> Result<bool> {
        let batch = micro_batch(records);
        let extracted = self.extraction.run(&batch, &NoDimensions);
        let extracted = self.runtime.block_on(extracted)?;
        publish_one(&self.shared, extracted, progress("reading"))
    }

    /// Commits what is published, as the committer does.
    pub fn commit(&self) {
        let publisher = &self.shared.publisher;
        let cut = publisher.current();
        let group = cut.group + 1;
        let naming = FileNaming { epoch: 1, group };
        let mut files = Vec::new();
        for table in cut.tables.values() {
            let rows: Vec<RecordBatch> = table
                .tail
                .iter()
                .map(|tail| match table.def.kind {
                    TableKind::Ledger(_) => with_commit_group(&tail.rows, group).unwrap(),
                    _ => tail.rows.clone(),
                })
                .collect();
            let written = write(&table.def, &rows, &naming, &self.storage);
            files.push((
                table.def.name.clone(),
                self.runtime.block_on(written).unwrap(),
            ));
        }
        publisher.committed(&cut, group, &files).unwrap();
        self.shared.ledgers.committed(&cut);
    }

    /// The process dies and starts again: only what is committed is left, and the index comes from
    /// the entries.
    pub fn restart(&mut self) {
        let mut state = (*self.shared.publisher.current()).clone();
        for table in state.tables.values_mut() {
            table.tail.clear();
        }
        state.offsets = state.committed_offsets.clone();
        state.counts.clear();
        state.last_entries.clear();
        let publisher = Arc::new(Publisher::new(state));
        self.shared.publisher = publisher.clone();
        let mut flows = self.shared.ledgers.flows.lock();
        for flow in flows.iter_mut() {
            let name = flow.name.clone();
            let def = table(&self.configuration, &name);
            flow.entries = PublishedEntries::new(self.storage.clone(), publisher.clone(), name);
            let index = Index::with_key(key(), usize::MAX);
            let mut catch_up = CatchUp::new(&def, index, 1).unwrap();
            let committed = publisher.current().table(&def.name).unwrap().files.rows();
            let numbers: Vec<i64> = (1..=committed).collect();
            let entries = self.runtime.block_on(flow.entries.read(&numbers)).unwrap();
            catch_up.apply(&entries).unwrap();
            let (index, next_entry) = catch_up.finish().unwrap();
            flow.ledger = Ledger::new(&def, index, next_entry).unwrap();
        }
    }

    /// Reads entries of `first` by number.
    pub fn read(&self, numbers: &[i64]) -> Result<RecordBatch> {
        let flows = self.shared.ledgers.flows.lock();
        self.runtime.block_on(flows[0].entries.read(numbers))
    }

    /// The number after the last entry of each ledger, and how many keys each index has.
    pub fn ledgers(&self) -> Vec<(i64, usize)> {
        let flows = self.shared.ledgers.flows.lock();
        flows
            .iter()
            .map(|f| (f.ledger.next_entry(), f.ledger.index().len()))
            .collect()
    }

    /// Deletes what a commit group wrote of a table.
    pub fn delete_files(&self, table: &str, group: i64) {
        use object_store::ObjectStoreExt;
        let state = self.shared.publisher.current();
        let table = state.table(table).unwrap();
        let mut deleted = 0;
        for file in table.files.files() {
            if FileName::parse(&file.path).map(|name| name.group) != Some(group) {
                continue;
            }
            let path = format!("{}/{}", table.def.location, file.path);
            let path = object_store::path::Path::from(path);
            let delete = self.storage.store().delete(&path);
            self.runtime.block_on(delete).unwrap();
            deleted += 1;
        }
        assert!(deleted > 0, "group {group} has no file");
    }
}

/// The key of every index, so that failures repeat.
fn key() -> IndexKey {
    IndexKey::new(*b"a key for tests!")
}

pub fn progress(state: &str) -> SourceProgress {
    SourceProgress {
        source: SOURCE.into(),
        topic_id: "id".into(),
        state: state.into(),
        partitions: Vec::new(),
        seen_at_us: START_US,
        lateness_us: 0,
        gap_count: 0,
        stale_count: 0,
    }
}

fn nothing_published(configuration: &Configuration) -> Published {
    let empty = |def: &TableDef| TableState::new(def.clone(), FileIndex::new(def, &[]).unwrap());
    Published::of_tables(configuration.tables.iter().map(empty))
}

/// One column's numbers.
pub fn longs(batch: &RecordBatch, name: &str) -> Vec<i64> {
    let column = batch.column_by_name(name).unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

/// One column's small numbers.
pub fn integers(batch: &RecordBatch, name: &str) -> Vec<i32> {
    let column = batch.column_by_name(name).unwrap();
    column.as_primitive::<Int32Type>().values().to_vec()
}

/// One column's times.
pub fn times(batch: &RecordBatch, name: &str) -> Vec<i64> {
    let column = batch.column_by_name(name).unwrap();
    let times = column.as_primitive::<TimestampMicrosecondType>();
    times.values().to_vec()
}

/// One column's texts, null as "-".
pub fn texts(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = batch.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|v| v.unwrap_or("-").to_owned()).collect()
}
