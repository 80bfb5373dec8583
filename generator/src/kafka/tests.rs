//! Tests of a whole run against the embedded broker.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::books::Cut;
use crate::keys::Keys;
use crate::options::{Length, Options, Trace};
use crate::run::{Generation, Report};
use crate::{Broker, Error};

const START_MS: i64 = 1_790_000_000_000;
type Sent = BTreeMap<(i64, Option<Vec<u8>>), u32>;

fn stop() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

fn broker(topics: &[(&str, i32)]) -> Broker {
    let broker = Broker::start().unwrap();
    for (topic, partitions) in topics {
        broker.create_topic(topic, *partitions).unwrap();
    }
    broker
}

fn options(broker: &Broker) -> Options {
    let trace = Trace {
        start_ms: START_MS,
        events_per_second: 2_000.0,
        shuffle_seed: None,
    };
    Options {
        rate: None,
        length: Length::Events(20_000),
        trace: Some(trace),
        seed: 3,
        ..Options::embedded(broker.brokers(), Keys::from_seed(3))
    }
}

/// Runs to the end, reading beside; gives what was read and the cut behind it.
fn run(options: Options) -> (Report, Sent, Generation) {
    let brokers = options.brokers.clone();
    let mut generation = Generation::start(options, stop()).unwrap();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &brokers)
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    for partition in 0..generation.partitions() {
        let topic = generation.topic();
        partitions
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let mut sent = Sent::new();
    let mut cut = Cut::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let end = generation.is_finished().then(|| generation.books().end());
        if end.is_some_and(|end| end == cut) {
            break;
        }
        assert!(Instant::now() < deadline, "read up to {cut:?}");
        let Some(message) = consumer.poll(Duration::from_millis(20)) else {
            continue;
        };
        let message = message.unwrap();
        let (partition, offset) = (message.partition(), message.offset());
        let expected = cut.get(generation.topic_id(), partition).unwrap_or(0);
        assert_eq!(offset, expected);
        cut.set(generation.topic_id(), partition, offset + 1);
        let value = message.payload().map(<[u8]>::to_vec);
        *sent
            .entry((message.timestamp().to_millis().unwrap(), value))
            .or_default() += 1;
        generation.read_up_to(&cut);
    }
    let report = generation.finish().unwrap();
    assert!(generation.books().advance(&cut).is_complete());
    (report, sent, generation)
}

#[test]
fn a_run_arrives_whole_and_is_booked_where_it_is() {
    let broker = broker(&[("mobile-logs", 12), ("products", 1)]);
    let (report, sent, generation) = run(options(&broker));
    assert!(
        report.missing_defects().is_empty(),
        "{:?}",
        report.missing_defects()
    );
    assert!(report.progress.finished && report.progress.events >= 20_000);
    let records: u32 = sent.values().sum();
    assert_eq!(u64::from(records), report.progress.records);
    let books = generation.books();
    assert_eq!(books.totals().records, report.progress.records);
    assert_eq!(
        books.totals().of(crate::fact::Outcome::Event),
        report.progress.events
    );
    assert!(books.moved_credits() > 0 || books.new_user_count() > 300);
    // Null and empty values are told apart on the way.
    assert!(sent.keys().any(|(_, value)| value.is_none()));
    assert!(
        sent.keys()
            .any(|(_, value)| value.as_ref().is_some_and(Vec::is_empty))
    );
    assert_eq!(generation.topic_id().len(), 22);
}

#[test]
fn a_shuffled_run_sends_the_same_records_and_books_the_same_credits() {
    let broker = broker(&[("one", 12), ("other", 5), ("products", 1)]);
    let topic = |topic: &str| Options {
        topic: topic.to_owned(),
        ..options(&broker)
    };
    let (_, sent, generation) = run(topic("one"));
    let mut shuffled = topic("other");
    shuffled.trace = shuffled.trace.map(|trace| Trace {
        shuffle_seed: Some(8),
        ..trace
    });
    let (_, sent_again, again) = run(shuffled);
    assert_eq!(sent, sent_again);
    assert_eq!(again.partitions(), 5);
    assert_ne!(generation.topic_id(), again.topic_id());
    assert_eq!(generation.books().new_users(), again.books().new_users());
    let credits = |generation: &Generation| {
        let mut all: Vec<_> = generation
            .books()
            .expected_devices()
            .map(|c| (c.product, c.device, c.channel, c.hour_us, c.received_us))
            .collect();
        all.sort();
        all
    };
    assert_eq!(credits(&generation), credits(&again));
}

#[test]
fn a_second_run_continues_the_books() {
    let path = std::env::temp_dir().join(format!("generator-continued-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let broker = broker(&[("mobile-logs", 12), ("products", 1)]);
    let with_books = || Options {
        books: Some(path.clone()),
        ..options(&broker)
    };
    let first = {
        let mut generation = Generation::start(with_books(), stop()).unwrap();
        // Nobody reads: the run waits before the broker drops what it keeps.
        while !generation.progress().paused && !generation.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        generation.stop();
        generation.finish().unwrap()
    };
    let mut generation = Generation::start(with_books(), stop()).unwrap();
    assert_eq!((first.run, generation.run()), (1, 2));
    assert_eq!(first.topic_id, generation.topic_id());
    generation.books().advance_to_end();
    generation.flush_books().unwrap();
    generation.stop();
    let second = generation.finish().unwrap();
    let mut books = generation.books();
    assert!(books.advance_to_end().is_complete());
    let records = first.progress.records + second.progress.records;
    assert_eq!(books.totals().records, records);
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn a_topic_with_records_that_the_books_do_not_know_is_refused() {
    let path = std::env::temp_dir().join(format!("generator-unknown-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let broker = broker(&[("mobile-logs", 3), ("products", 1)]);
    let strict = |books: Option<std::path::PathBuf>| Options {
        books,
        known_records_only: true,
        ..options(&broker)
    };
    let send = |options| {
        let mut generation = Generation::start(options, stop()).unwrap();
        while generation.progress().records == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        generation.stop();
        generation.finish().unwrap().progress.records
    };
    let sent = send(strict(Some(path.clone())));
    let Err(Error::Invalid(refused)) = Generation::start(strict(None), stop()) else {
        panic!("a topic with unknown records is taken");
    };
    assert!(
        refused.contains(&format!("topic mobile-logs holds {sent} records")),
        "{refused}"
    );
    assert!(refused.contains("--topic"), "{refused}");
    // The books of the run that sent them know them.
    assert!(send(strict(Some(path.clone()))) > 0);
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn a_property_that_kafka_does_not_take_is_named_without_its_value() {
    let mut options = Options::new("127.0.0.1:1", Keys::from_seed(1));
    let property = ("sasl.pasword".to_owned(), "hush".to_owned());
    options.properties.extend([property]);
    let Err(Error::Invalid(refused)) = Generation::start(options, stop()) else {
        panic!("the property is taken");
    };
    assert!(
        refused.contains("sasl.pasword") && !refused.contains("hush"),
        "{refused}"
    );
}

#[test]
fn a_wait_says_who_is_away_and_since_when() {
    let stop = AtomicBool::new(false);
    let mut said = Vec::new();
    let waited = crate::wait_for_broker("127.0.0.1:1", &BTreeMap::new(), &stop, &mut |line| {
        said.push(line.to_owned());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(matches!(waited, Err(Error::Stopped(_))));
    assert!(
        said[0].starts_with("kafka at 127.0.0.1:1: broker away since 20"),
        "{said:?}"
    );
}

#[test]
fn a_wait_for_an_absent_broker_can_be_stopped() {
    let stop = stop();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let options = Options::new("127.0.0.1:1", Keys::from_seed(1));
    assert!(matches!(
        Generation::start(options, stop),
        Err(Error::Stopped(_))
    ));
}
