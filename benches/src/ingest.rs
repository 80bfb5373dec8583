//! The whole path beside a bare consumer of the same topic, with the same Kafka settings and calls.
//!
//! A topic is written first; then it is drained by the bare consumer, by the engine from its
//! beginning into committed tables, and by the bare consumer once more, since the machine may not
//! stay as it was. Each figure counts from the first micro-batch on, so that starting doesn't count.

use std::time::{Duration, Instant};

use clap::Args;
use engine::Engine;
use generator::Generation;
use state::Published;

use crate::bare::{self, STALL_LIMIT};
use crate::broker::{Broker, BrokerArgs};
use crate::drained::Drained;
use crate::exactness;
use crate::figures::{Outcome, say};
use crate::processor::Mark;
use crate::setup::Setup;
use crate::workloads::{Measured, Workloads};

/// How often the engine is asked how far it has come.
const PULSE: Duration = Duration::from_millis(2);
const PIPELINE: &str = "mobile_events";

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

/// Runs the bench.
pub fn run(args: &IngestArgs) -> Outcome {
    let broker = Broker::new(&args.broker)?;
    for measured in args.workload.each() {
        one(args, &broker, measured)?;
    }
    Ok(())
}

fn one(args: &IngestArgs, broker: &Broker, measured: &Measured) -> Outcome {
    let name = measured.name;
    let setup = Setup::new(&broker.brokers, name)?;
    let mut generation = setup.write_topic(measured, args.records, args.partitions, args.seed)?;
    let sent = generation.finish()?.progress;
    println!(
        "\n{name}: {} records with {} events, {:.0} bytes a record, {} partitions",
        sent.records,
        sent.events,
        sent.bytes as f64 / sent.records as f64,
        args.partitions
    );
    let before = bare::drain(&setup.settings, &setup.topic, sent.records)?;
    let (published, durable, groups) = whole(&setup, &mut generation, sent.records, sent.bytes)?;
    let after = bare::drain(&setup.settings, &setup.topic, sent.records)?;
    Drained::print_heads();
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
    say(
        &format!("ingest.{name}.cpu_us_a_record"),
        format!("{:.2}", durable.cpu_us()),
    );
    let ratio = durable.mb_s() / bare_mb_s;
    say(&format!("ingest.{name}.ratio"), format!("{ratio:.3}"));
    let bare_us = (before.cpu_us() + after.cpu_us()) / 2.0;
    say(
        &format!("ingest.{name}.cpu_ratio"),
        format!("{:.3}", bare_us / durable.cpu_us()),
    );
    Ok(())
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
