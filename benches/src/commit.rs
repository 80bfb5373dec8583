//! Committing a group: a table with few active files beside one with many, in turn.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use clap::Args;
use common::{DataFile, TableDef, TableKind};
use lake::commit::{Committer, GroupDraft, WriterId};
use lake::parquet_files::write;
use lake::storage::Storage;
use state::{FileIndex, Published, Publisher, TableState};
use tempfile::TempDir;

use crate::figures::{Outcome, percentile, say};

/// Files that one group of the preparation adds.
const FILES_A_GROUP: usize = 1_000;

/// Options of the bench.
#[derive(Args)]
pub struct CommitArgs {
    /// Groups that are timed on each side.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Active files of the small table.
    #[arg(long, default_value_t = 100)]
    few: usize,
    /// Active files of the large table.
    #[arg(long, default_value_t = 10_000)]
    many: usize,
    /// A folder on the disk to be measured; else the system's folder of temporary files.
    #[arg(long)]
    folder: Option<std::path::PathBuf>,
}

/// A storage of its own with one table that has so many files.
struct Side {
    folder: TempDir,
    storage: Storage,
    table: TableDef,
    committer: Committer,
    publisher: Publisher,
    times_ms: Vec<f64>,
}

/// Runs the bench.
pub fn run(args: &CommitArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let base = args.folder.clone().unwrap_or_else(std::env::temp_dir);
        let mut few = Side::new(&base, args.few).await?;
        let mut many = Side::new(&base, args.many).await?;
        for round in 0..args.rounds {
            // Each goes first every second time.
            if round % 2 == 0 {
                few.round().await?;
                many.round().await?;
            } else {
                many.round().await?;
                few.round().await?;
            }
        }
        println!(
            "{:>14} {:>10} {:>10} {:>10}",
            "active files", "p50 ms", "p99 ms", "max ms"
        );
        let small = few.print(args.few);
        let large = many.print(args.many);
        say("commit.p50_ms", format!("{large:.3}"));
        say("commit.ratio", format!("{:.3}", large / small));
        Ok(())
    })
}

impl Side {
    async fn new(base: &Path, files: usize) -> Outcome<Self> {
        let folder = tempfile::Builder::new()
            .prefix("headwater-bench-")
            .tempdir_in(base)?;
        let url = folder.path().display().to_string();
        let storage = Storage::open(&url, &BTreeMap::new())?;
        let table = table();
        let (committer, _) = Committer::open(
            storage.clone(),
            std::slice::from_ref(&table),
            WriterId::unique(),
        )
        .await?;
        let mut side = Self {
            folder,
            storage,
            committer,
            publisher: publisher(&table)?,
            table,
            times_ms: Vec::new(),
        };
        side.fill(files).await?;
        Ok(side)
    }

    /// Commits copies of one file until the table has so many.
    async fn fill(&mut self, files: usize) -> Outcome {
        let mut made = 0;
        while made < files {
            let model = self.file().await?;
            let mut group = vec![model.clone()];
            for n in 1..FILES_A_GROUP.min(files - made) {
                let mut copy = model.clone();
                copy.path = Arc::from(model.path.replace(".parquet", &format!("-{n}.parquet")));
                std::fs::copy(self.place(&model), self.place(&copy))?;
                group.push(copy);
            }
            made += group.len();
            self.commit(group).await?;
        }
        Ok(())
    }

    fn place(&self, file: &DataFile) -> std::path::PathBuf {
        self.folder
            .path()
            .join(&self.table.location)
            .join(&*file.path)
    }

    async fn file(&self) -> Outcome<DataFile> {
        let rows = rows(&self.table)?;
        let written = write(
            &self.table,
            &[rows],
            &self.committer.naming(),
            &self.storage,
        )
        .await?;
        Ok(written.into_iter().next().ok_or("rows made no file")?)
    }

    fn draft(&self, files: Vec<DataFile>) -> GroupDraft {
        GroupDraft {
            tables: vec![(self.table.name.clone(), files)],
            configuration_hash: "bench".to_owned(),
            ..GroupDraft::default()
        }
    }

    /// Commits a group and publishes its files.
    async fn commit(&mut self, files: Vec<DataFile>) -> Outcome {
        let cut = self.publisher.current();
        let added = [(self.table.name.clone(), files.clone())];
        let committed = self.committer.commit(self.draft(files)).await?;
        self.publisher.committed(&cut, committed.group, &added)?;
        Ok(())
    }

    /// One group of one file. The file is durable before; the commit and the publishing of its
    /// files are timed.
    async fn round(&mut self) -> Outcome {
        let file = self.file().await?;
        let started = Instant::now();
        self.commit(vec![file]).await?;
        self.times_ms.push(started.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }

    /// Prints its line and returns the median.
    fn print(&mut self, files: usize) -> f64 {
        let times = &mut self.times_ms;
        let (p50, p99) = (percentile(times, 0.5), percentile(times, 0.99));
        println!(
            "{files:>14} {p50:>10.3} {p99:>10.3} {:>10.3}",
            percentile(times, 1.0)
        );
        p50
    }
}

/// A published state with this table and nothing in it.
fn publisher(table: &TableDef) -> Outcome<Publisher> {
    let state = TableState::new(table.clone(), FileIndex::new(table, &[])?);
    Ok(Publisher::new(Published::of_tables([state])))
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn table() -> TableDef {
    TableDef {
        name: "events".into(),
        location: "events".to_owned(),
        kind: TableKind::Events,
        schema: Arc::new(Schema::new(vec![
            Field::new("product", DataType::Utf8, false),
            Field::new("device", DataType::Utf8, false),
            Field::new("n", DataType::Int64, false),
            Field::new("arrival_hour", time_type(), false),
        ])),
        partition_by: vec!["product".to_owned(), "arrival_hour".to_owned()],
        comment: None,
    }
}

fn rows(table: &TableDef) -> Outcome<RecordBatch> {
    let count = 1_000;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values((0..count).map(|_| "browser"))),
        Arc::new(StringArray::from_iter_values(
            (0..count).map(|n| format!("{n:032x}")),
        )),
        Arc::new(Int64Array::from_iter_values(0..count)),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values((0..count).map(|_| 0)).with_timezone("UTC"),
        ),
    ];
    Ok(RecordBatch::try_new(table.schema.clone(), columns)?)
}
