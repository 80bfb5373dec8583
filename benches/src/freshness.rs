//! How long after its Kafka timestamp an event is visible to a Flight SQL client, under load.
//!
//! A client asks again and again, over one connection, how many events there are at each received
//! time of the last seconds. What an answer has more of than the answer before it has become
//! visible meanwhile: each of those events counts with the time between its Kafka timestamp and the
//! moment at which the answer had arrived. So the figure holds the producer's batching, Kafka, the
//! engine, the query itself, and the pause between two questions; it is never too small.
//! Events that the workload backdates to move a credit are left out of it.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use common::EngineError;
use datafusion::prelude::SessionContext;
use engine::Engine;
use flight_server::client::{Client, Login, connect};
use flight_server::{QueryBackend, ServerConfig, SessionOptions};
use futures::TryStreamExt;
use generator::workload::{Seeding, Workload};
use generator::{Generation, Keys, Length, Profile};
use query::Sessions;

use crate::broker::{Broker, BrokerArgs};
use crate::exactness;
use crate::figures::{Outcome, percentile, say, weighted_percentile};
use crate::setup::Setup;

/// How far back a question looks at the least; further, twice as far as the oldest event was that
/// has become visible.
const WINDOW_US_MIN: i64 = 3_000_000;
/// How long the engine may take to read the rest.
const REST_LIMIT: Duration = Duration::from_secs(60);

/// Options of the bench.
#[derive(Args)]
pub struct FreshnessArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// How long, after the warming up.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How long events are not counted at first: a Kafka that has just started compiles itself for
    /// half a minute, on the same cores.
    #[arg(long, default_value_t = 30)]
    warm_seconds: u64,
    /// Megabytes of keys and values a second.
    #[arg(long, default_value_t = 20.0)]
    rate_mb: f64,
    /// The pause between an answer and the next question.
    #[arg(long, default_value_t = 20)]
    pause_ms: u64,
}

/// The engine as the Flight SQL server asks it for sessions.
struct Backend(Arc<Sessions>);

impl QueryBackend for Backend {
    fn session(&self, options: &SessionOptions) -> Result<SessionContext, EngineError> {
        let schema = options.schema.as_deref();
        Ok(self.0.session(options.allow_catching_up, schema))
    }
}

/// What the client saw.
#[derive(Default)]
struct Seen {
    counts: HashMap<i64, i64>,
    window_us: i64,
    /// Milliseconds, and how many events took so long.
    ages_ms: Vec<(f64, u64)>,
    answers_ms: Vec<f64>,
}

/// Runs the bench.
pub fn run(args: &FreshnessArgs) -> Outcome {
    let broker = Broker::new(&args.broker)?;
    let setup = Setup::new(&broker.brokers, "freshness")?;
    let profile = Profile {
        moved_share: 0.0,
        forced_early: 0,
        ..Profile::canonical()
    };
    let rate = args.rate_mb * 1e6 / record_bytes(&profile, &setup.keys);
    let mut options = setup.generator(profile);
    options.rate = Some(rate);
    let warm = Duration::from_secs(args.warm_seconds);
    options.length = Length::For(warm + Duration::from_secs(args.seconds));
    let mut generation = Generation::start(options, Arc::new(AtomicBool::new(false)))?;
    let engine = Engine::start(&setup.settings, &setup.ring)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(setup.settings.query.threads)
        .enable_all()
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let backend = Arc::new(Backend(engine.sessions()));
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let config = ServerConfig::default();
        let served = flight_server::serve(listener, backend, config, std::future::pending()).await;
        served.map_err(|e| std::io::Error::other(e.to_string()))
    });
    let pause = Duration::from_millis(args.pause_ms);
    let started = Instant::now();
    let mut seen = runtime.block_on(watch(&address.to_string(), &generation, warm, pause))?;
    let lasted = started.elapsed();
    let report = generation.finish()?;
    let deadline = Instant::now() + REST_LIMIT;
    let publisher = engine.publisher();
    let sessions = engine.sessions();
    while !exactness::has_read(&publisher.current(), &generation.books().end()) {
        if Instant::now() > deadline {
            return Err("the engine has not read everything a minute after the end".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    engine.stop()?;
    let ctx = sessions.session(true, None);
    let state = publisher.current();
    runtime.block_on(exactness::check(&ctx, &state, &mut generation.books()))?;
    let mb_s = report.progress.bytes as f64 / 1e6 / lasted.as_secs_f64();
    print(&mut seen, mb_s, args.rate_mb);
    Ok(())
}

/// The average size of a record of a profile.
fn record_bytes(profile: &Profile, keys: &Keys) -> f64 {
    let mut workload = Workload::new(profile.clone(), keys, Seeding::new(1), 1);
    let now_ms = Utc::now().timestamp_millis();
    let sample = 2_000;
    let bytes: usize = (0..sample)
        .map(|_| workload.next(now_ms, usize::MAX).bytes())
        .sum();
    bytes as f64 / f64::from(sample)
}

/// Asks until the generator has ended.
async fn watch(
    address: &str,
    generation: &Generation,
    warm: Duration,
    pause: Duration,
) -> Outcome<Seen> {
    let mut client = connect(address, Login::None).await?;
    client.set_header("allow_catching_up", "true");
    let mut seen = Seen::default();
    let started = Instant::now();
    while !generation.is_finished() {
        seen.ask(&mut client, started.elapsed() > warm).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(seen)
}

impl Seen {
    async fn ask(&mut self, client: &mut Client, counts: bool) -> Outcome {
        let from_us = Utc::now().timestamp_micros() - self.window_us.max(WINDOW_US_MIN);
        let from = DateTime::from_timestamp_micros(from_us)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Micros, true);
        let sql = format!(
            "SELECT received, count(*) FROM events WHERE received >= TIMESTAMP '{from}' \
             GROUP BY received"
        );
        let asked = Instant::now();
        let (_, batches) = client.query(&sql).await?;
        let batches: Vec<_> = batches.try_collect().await?;
        let now_us = Utc::now().timestamp_micros();
        if counts {
            self.answers_ms.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        for batch in batches {
            let received = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            let count = batch.column(1).as_primitive::<Int64Type>();
            for (received_us, count) in received.values().iter().zip(count.values()) {
                let known = self.counts.insert(*received_us, *count).unwrap_or(0);
                let more = u64::try_from(count - known).unwrap_or(0);
                if counts && more > 0 {
                    let age_us = now_us - received_us;
                    self.window_us = self.window_us.max(2 * age_us);
                    self.ages_ms.push((age_us as f64 / 1e3, more));
                }
            }
        }
        Ok(())
    }
}

fn print(seen: &mut Seen, mb_s: f64, wanted_mb_s: f64) {
    let events: u64 = seen.ages_ms.iter().map(|age| age.1).sum();
    let answers = &mut seen.answers_ms;
    println!(
        "{events} events at {mb_s:.1} MB/s ({wanted_mb_s:.1} asked for), {} questions, answered in \
         {:.1} ms (p50) and {:.1} ms (p99)",
        answers.len(),
        percentile(answers, 0.5),
        percentile(answers, 0.99)
    );
    let ages = &mut seen.ages_ms;
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
        let age_ms = weighted_percentile(ages, share);
        say(&format!("freshness.{name}_ms"), format!("{age_ms:.0}"));
    }
    say("freshness.mb_s", format!("{mb_s:.1}"));
}
