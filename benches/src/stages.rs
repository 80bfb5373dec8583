//! The stages of the hot path, each on one thread and on warm micro-batches, in µs a record, beside
//! what a bare consumer takes for a record of the same workload in the same run.
//!
//! The functions that open a record are called as the pipeline's plan calls them, on the columns
//! that the stage before has made. The lines below them are the engine's own stages, which contain
//! those functions where they are indented.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use clap::Args;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use engine::flow::extraction::Extracted;
use generator::workload::{Seeding, Workload};
use kafka::SourceBatch;
use lake::parquet_files::{FileNaming, write};
use lake::storage::Storage;
use state::MicroBatch;
use tokio::runtime::Runtime;

use crate::bare;
use crate::broker::{Broker, BrokerArgs};
use crate::drained::Drained;
use crate::figures::{Outcome, percentile, say};
use crate::material::{Material, Products};
use crate::setup::Setup;
use crate::workloads::{Measured, Workloads};

mod call;
mod path;

use call::Functions;
use path::Path;

/// What `mobile_events.sql` asks of a record's envelope.
const ENVELOPE: &str = "key_id STRING, payload STRING";
/// What it asks of the events in a record.
const BODY: &str = "ARRAY<STRUCT<\
    event_id STRING, app_key STRING, event STRING, time BIGINT, send_time BIGINT, \
    channel STRUCT<id STRING, sub STRING, click_id STRING>, \
    device STRUCT<oaid STRING, android_id STRING, model STRING, brand STRING, os STRING, os_ver STRING>, \
    app STRUCT<ver STRING, build STRING, pkg STRING>, \
    test STRING>>";

/// Options of the bench.
#[derive(Args)]
pub struct StagesArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// Which workload.
    #[arg(long, value_enum, default_value = "both")]
    workload: Workloads,
    /// Micro-batches that are timed.
    #[arg(long, default_value_t = 24)]
    batches: usize,
    /// Events in a micro-batch.
    #[arg(long, default_value_t = 16_384)]
    events: usize,
    /// Records of the canonical workload that the bare consumer reads; of the other one a fifth.
    #[arg(long, default_value_t = 1_000_000)]
    bare_records: u64,
}

const PARTITIONS: i32 = 12;
const SEED: u64 = 1;

/// Micro-batches at the start that are not counted.
const WARM: usize = 4;

/// One stage with its times, in µs a record.
struct Stage {
    name: &'static str,
    title: &'static str,
    times_us: Vec<f64>,
}

/// All stages, in the order in which they were first timed.
struct Stages {
    records: usize,
    stages: Vec<Stage>,
}

impl Stages {
    /// Times one run of a stage.
    fn time<T>(
        &mut self,
        name: &'static str,
        title: &'static str,
        work: impl FnOnce() -> Outcome<T>,
    ) -> Outcome<T> {
        let started = Instant::now();
        let result = black_box(work()?);
        self.took(
            name,
            title,
            started.elapsed().as_secs_f64() / self.records as f64,
        );
        Ok(result)
    }

    fn took(&mut self, name: &'static str, title: &'static str, seconds_a_record: f64) {
        let time_us = seconds_a_record * 1e6;
        match self.stages.iter_mut().find(|s| s.name == name) {
            Some(stage) => stage.times_us.push(time_us),
            None => self.stages.push(Stage {
                name,
                title,
                times_us: vec![time_us],
            }),
        }
    }

    /// The table, with each stage's median beside the processor time of the bare consumer.
    fn print(&mut self, workload: &str, bare_us: f64) {
        println!(
            "{:<64} {:>8} {:>8} {:>8}",
            "µs a record", "median", "least", "× bare"
        );
        println!(
            "{:<64} {bare_us:>8.3}",
            "the bare consumer (processor time)"
        );
        for stage in &mut self.stages {
            let median = percentile(&mut stage.times_us, 0.5);
            let least = percentile(&mut stage.times_us, 0.0);
            let ratio = median / bare_us;
            println!(
                "{:<64} {median:>8.3} {least:>8.3} {ratio:>8.2}",
                stage.title
            );
        }
        for stage in &mut self.stages {
            let median = percentile(&mut stage.times_us, 0.5);
            let name = format!("stages.{workload}.{}", stage.name);
            say(&format!("{name}_us"), format!("{median:.3}"));
            say(&format!("{name}_ratio"), format!("{:.3}", median / bare_us));
        }
    }
}

/// Runs the bench.
pub fn run(args: &StagesArgs) -> Outcome {
    let broker = Broker::new(&args.broker)?;
    for measured in args.workload.each() {
        println!("\n{}:", measured.name);
        let setup = Setup::new(&broker.brokers, measured.name)?;
        let bare = bare(args, measured, &setup)?;
        one(args, measured, &setup, &bare)?;
    }
    Ok(())
}

/// A bare consumer's reading of the workload.
fn bare(args: &StagesArgs, measured: &Measured, setup: &Setup) -> Outcome<Drained> {
    let mut generation = setup.write_topic(measured, args.bare_records, PARTITIONS, SEED)?;
    let sent = generation.finish()?.progress;
    let bare = bare::drain(&setup.settings, &setup.topic, sent.records)?;
    Drained::print_heads();
    bare.print("bare consumer");
    Ok(bare)
}

fn one(args: &StagesArgs, measured: &Measured, setup: &Setup, bare: &Drained) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let keys = &setup.keys;
    let profile = (measured.profile)();
    let workload = Workload::new(profile, keys, Seeding::new(SEED), PARTITIONS);
    let products = Products::new(workload.catalog())?;
    let mut material = Material::new(workload);
    let functions = Functions::new(keys)?;
    let mut path = Path::new(keys)?;
    let records = args.events / usize::try_from(measured.events_a_record)?;
    let mut stages = Stages {
        records,
        stages: Vec::new(),
    };
    let (mut events, mut archive) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for n in 0..WARM + args.batches {
        let batch = material.batch(records)?;
        if n == WARM {
            stages.stages.clear();
        }
        bytes += batch.bytes;
        open(&mut stages, &functions, &batch)?;
        let extracted = extract(&mut stages, &runtime, &path, &products, &batch)?;
        for (table, rows) in &extracted.rows {
            match &**table {
                "events" => events.push(rows.clone()),
                "archive" => archive.push(rows.clone()),
                _ => {}
            }
        }
        post(&mut stages, &runtime, &mut path, extracted)?;
    }
    let all = records * (WARM + args.batches);
    println!(
        "{} micro-batches of {records} records, {:.0} bytes a record, {} devices in the index",
        args.batches,
        bytes as f64 / all as f64,
        path.ledger.ledger.index().len()
    );
    for (name, title, table, rows) in [
        (
            "parquet_events",
            "Parquet of events (a commit group)",
            "events",
            events,
        ),
        (
            "parquet_archive",
            "Parquet of archive (a commit group)",
            "archive",
            archive,
        ),
    ] {
        for _ in 0..3 {
            let seconds = encode(&runtime, &path, table, &rows)?;
            stages.took(name, title, seconds / all as f64);
        }
    }
    stages.print(measured.name, bare.cpu_us());
    Ok(())
}

/// The functions of the pipeline that open a record, one by one.
fn open(stages: &mut Stages, functions: &Functions, batch: &SourceBatch) -> Outcome {
    let array = |array: &ArrayRef| ColumnarValue::Array(array.clone());
    let text = |text: &str| ColumnarValue::Scalar(ScalarValue::from(text));
    let value = column(&batch.records, "value")?;
    let envelope = stages.time("from_json_envelope", "  from_json of the envelope", || {
        functions.call("from_json", vec![array(value), text(ENVELOPE)])
    })?;
    let envelope = envelope.as_struct();
    let (key_id, payload) = (envelope.column(0), envelope.column(1));
    let sealed = stages.time("unbase64", "  unbase64", || {
        functions.call("unbase64", vec![array(payload)])
    })?;
    let plain = stages.time("decrypt", "  try_aes_decrypt", || {
        functions.call("try_aes_decrypt", vec![array(&sealed), array(key_id)])
    })?;
    let body = stages.time("gunzip_if", "  gunzip_if", || {
        functions.call("gunzip_if", vec![array(&plain)])
    })?;
    let parsed = stages.time(
        "from_json_body",
        "  from_json of the body, 20 fields",
        || functions.call("from_json", vec![array(&body), text(BODY)]),
    )?;
    if parsed.null_count() * 20 > parsed.len() {
        return Err("more than 5 % of the records did not open".into());
    }
    Ok(())
}

fn extract(
    stages: &mut Stages,
    runtime: &Runtime,
    path: &Path,
    products: &Products,
    batch: &SourceBatch,
) -> Outcome<Extracted> {
    let title = "the pipeline's plan, all of the above included";
    stages.time("pipeline", title, || {
        let plan = &path.extraction.pipelines[0].plan;
        Ok(runtime.block_on(plan.run(&batch.records, products))?)
    })?;
    let title = "extraction: the pipeline, archive rows, engine columns, counts";
    stages.time("extraction", title, || {
        Ok(runtime.block_on(path.extraction.run(batch, products))?)
    })
}

fn post(stages: &mut Stages, runtime: &Runtime, path: &mut Path, extracted: Extracted) -> Outcome {
    let mut rows = extracted.rows;
    let events = rows
        .iter()
        .find(|(table, _)| **table == *"events")
        .map(|(_, rows)| rows.clone())
        .ok_or("no events")?;
    let flow = &mut path.ledger;
    let entries = stages.time("ledger", "ledger post, 2 % new devices", || {
        let prepared = runtime.block_on(flow.prepare(&events))?;
        Ok(prepared.map(|p| flow.ledger.apply(p)).transpose()?)
    })?;
    if let Some(entries) = entries {
        rows.push((path.ledger.name.clone(), entries));
    }
    stages.time("publish", "publish", || {
        let micro_batch = MicroBatch {
            rows,
            offsets: extracted.offsets,
            counts: extracted.counts,
            ..MicroBatch::default()
        };
        Ok(path
            .publisher
            .publish(micro_batch, common::clock::now_us())?)
    })?;
    Ok(())
}

/// Seconds that a commit group's rows of a table take to become files in memory.
fn encode(runtime: &Runtime, path: &Path, table: &str, rows: &[RecordBatch]) -> Outcome<f64> {
    let storage = Storage::in_memory();
    let naming = FileNaming { epoch: 1, group: 1 };
    let table = path.configuration.table(table).ok_or("no such table")?;
    let started = Instant::now();
    black_box(runtime.block_on(write(table, rows, &naming, &storage))?);
    Ok(started.elapsed().as_secs_f64())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Outcome<&'a Arc<dyn Array>> {
    Ok(batch.column_by_name(name).ok_or("a column is missing")?)
}
