//! The whole path beside a bare consumer of the same topic, with the same Kafka settings and calls.
//!
//! A topic is written first; then it is drained by the bare consumer, by the engine from its
//! beginning into committed tables, and by the bare consumer once more, since the machine may not
//! stay as it was. Each figure counts from the first micro-batch on, so that starting doesn't count.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use engine::Engine;
use engine::kafka::{BareConsumer, ReaderSettings};
use engine::settings::Settings;
use engine::state::Published;
use generator::{Generation, Length, Options, Profile};

use crate::broker::{Broker, BrokerArgs};
use crate::exactness;
use crate::figures::{Outcome, say};
use crate::processor::{Mark, Spent};
use crate::setup::Setup;

/// How often the engine is asked how far it has come.
const PULSE: Duration = Duration::from_millis(2);
/// The longest time without any progress.
const STALL_LIMIT: Duration = Duration::from_secs(60);
const PIPELINE: &str = "mobile_events";

/// Which workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workloads {
    /// One event a record, no gzip: the canonical workload.
    Canonical,
    /// Ten events a record, gzipped.
    Batched,
    /// One after the other.
    Both,
}

/// Options of the bench.
#[derive(Args)]
pub struct IngestArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// Records of the canonical workload; of the other one a fifth of it.
    #[arg(long, default_value_t = 1_500_000)]
    records: u64,
    /// Which workload.
    #[arg(long, value_enum, default_value = "both")]
    workload: Workloads,
    /// Topic partitions.
    #[arg(long, default_value_t = 12)]
    partitions: i32,
    /// The workload's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was read between two marks.
struct Drained {
    records: u64,
    bytes: f64,
    spent: Spent,
}

impl Drained {
    fn mb_s(&self) -> f64 {
        self.bytes / 1e6 / self.spent.wall.as_secs_f64()
    }

    fn us_a_record(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.records as f64
    }

    fn print(&self, what: &str) {
        let Spent { wall, user, kernel } = self.spent;
        println!(
            "{what:<28} {:>8.1} {:>11.0} {:>9.2} {:>9.2} {:>9.2}",
            self.mb_s(),
            self.records as f64 / wall.as_secs_f64(),
            self.us_a_record(user + kernel),
            self.us_a_record(user),
            self.us_a_record(kernel),
        );
    }
}

/// Runs the bench.
pub fn run(args: &IngestArgs) -> Outcome {
    let broker = Broker::new(&args.broker)?;
    if args.workload != Workloads::Batched {
        one(
            args,
            &broker,
            "canonical",
            Profile::canonical(),
            args.records,
        )?;
    }
    if args.workload != Workloads::Canonical {
        let events = args.records / 5 * 10;
        one(args, &broker, "batched", Profile::batched(), events)?;
    }
    Ok(())
}

fn one(args: &IngestArgs, broker: &Broker, name: &str, profile: Profile, events: u64) -> Outcome {
    let setup = Setup::new(&broker.brokers, name)?;
    let mut options = Options::new(&broker.brokers, setup.keys.clone());
    options.topic.clone_from(&setup.topic);
    options.products_topic.clone_from(&setup.products_topic);
    options.partitions = args.partitions;
    options.profile = profile;
    options.seed = args.seed;
    options.rate = None;
    options.length = Length::Events(events);
    let mut generation = Generation::start(options, Arc::new(AtomicBool::new(false)))?;
    let report = generation.finish()?;
    let sent = report.progress;
    println!(
        "\n{name}: {} records with {} events, {:.0} bytes a record, {} partitions",
        sent.records,
        sent.events,
        sent.bytes as f64 / sent.records as f64,
        args.partitions
    );
    let before = bare(&setup.settings, &setup.topic, sent.records)?;
    let (published, durable, groups) = whole(&setup, &mut generation, sent.records, sent.bytes)?;
    let after = bare(&setup.settings, &setup.topic, sent.records)?;
    println!(
        "{:<28} {:>8} {:>11} {:>9} {:>9} {:>9}",
        "", "MB/s", "records/s", "µs CPU", "user", "kernel"
    );
    before.print("bare consumer, before");
    after.print("bare consumer, after");
    published.print("whole path, until visible");
    durable.print("whole path, until durable");
    println!("{groups} commit groups; new users, credits and sums equal the books exactly");
    let bare_mb_s = (before.mb_s() + after.mb_s()) / 2.0;
    say(
        &format!("ingest.{name}.bare_mb_s"),
        format!("{bare_mb_s:.1}"),
    );
    say(
        &format!("ingest.{name}.mb_s"),
        format!("{:.1}", durable.mb_s()),
    );
    let cpu = durable.us_a_record(durable.spent.user + durable.spent.kernel);
    say(
        &format!("ingest.{name}.cpu_us_a_record"),
        format!("{cpu:.2}"),
    );
    let ratio = durable.mb_s() / bare_mb_s;
    say(&format!("ingest.{name}.ratio"), format!("{ratio:.3}"));
    Ok(())
}

/// Drains the topic with the bare consumer.
fn bare(settings: &Settings, topic: &str, records: u64) -> Outcome<Drained> {
    let reader = ReaderSettings {
        batch_rows_max: settings.ingest.micro_batch_records,
        batch_bytes_max: settings.ingest.micro_batch_bytes,
        batch_time_max: settings.ingest.micro_batch,
        ..ReaderSettings::default()
    };
    let mut consumer = BareConsumer::open(&settings.kafka, topic, reader)?;
    let mut first: Option<Mark> = None;
    let (mut skipped, mut read, mut bytes) = (0, 0, 0);
    let mut moved = Instant::now();
    while skipped + read < records {
        let (got_records, got_bytes) = consumer.read()?;
        if got_records > 0 {
            moved = Instant::now();
            if first.is_none() {
                first = Some(Mark::now());
                skipped = got_records as u64;
            } else {
                read += got_records as u64;
                bytes += got_bytes;
            }
        } else if moved.elapsed() > STALL_LIMIT {
            return Err(format!(
                "{read} of {records} records, then nothing: {}",
                consumer.handle().state()
            )
            .into());
        }
    }
    let end = Mark::now();
    let first = first.ok_or("the topic is empty")?;
    Ok(Drained {
        records: read,
        bytes: bytes as f64,
        spent: end.since(&first),
    })
}

/// Drains the topic with the engine: until everything is visible, and until it is durable, with
/// the number of commit groups.
fn whole(
    setup: &Setup,
    generation: &mut Generation,
    records: u64,
    bytes: u64,
) -> Outcome<(Drained, Drained, i64)> {
    let engine = Engine::start(&setup.settings, &setup.ring)?;
    let publisher = engine.publisher();
    let sessions = engine.sessions();
    let group = publisher.current().group;
    let mut first: Option<(Mark, u64)> = None;
    let mut moved = (Instant::now(), 0);
    loop {
        let read = records_read(&publisher.current(), &setup.topic);
        if first.is_none() && read > 0 {
            first = Some((Mark::now(), read));
        }
        if read >= records {
            break;
        }
        if read > moved.1 {
            moved = (Instant::now(), read);
        } else if moved.0.elapsed() > STALL_LIMIT {
            let state = publisher.current();
            let states: Vec<String> = state
                .progress
                .values()
                .map(|p| p.state.to_string())
                .collect();
            return Err(format!("{read} of {records} records, then nothing: {states:?}").into());
        }
        if let Some(failure) = engine.failure() {
            return Err(failure.into());
        }
        std::thread::sleep(PULSE);
    }
    let visible = Mark::now();
    engine.stop()?;
    let durable = Mark::now();
    let state = publisher.current();
    if state.offsets != state.committed_offsets || state.tail_bytes > 0 {
        return Err("the engine has stopped and not everything is committed".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ctx = sessions.session(true, None);
    runtime.block_on(exactness::check(&ctx, &state, &mut generation.books()))?;
    let (start, skipped) = first.ok_or("the topic is empty")?;
    let counted = records - skipped;
    let drained = |end: Mark| Drained {
        records: counted,
        bytes: bytes as f64 * counted as f64 / records as f64,
        spent: end.since(&start),
    };
    Ok((drained(visible), drained(durable), state.group - group))
}

/// Records of a topic that the pipeline's published rows cover; offsets of a topic without
/// transactions count records.
fn records_read(state: &Published, topic: &str) -> u64 {
    let read: i64 = state
        .offsets
        .iter()
        .filter(|(key, _)| *key.pipeline == *PIPELINE && *key.at.topic == *topic)
        .map(|(_, next)| next)
        .sum();
    u64::try_from(read).unwrap_or(0)
}
