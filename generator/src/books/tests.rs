//! Tests of the books: any order of booking and any cuts on the way give the same winners.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::clock::{ClockRule, US_PER_HOUR};
use crate::device::Device;
use crate::fact::{EventFact, Fact, Name, Outcome, Reason, RecordFacts};
use crate::keys::Keys;
use crate::profile::Profile;
use crate::workload::{Record, Seeding, Workload};

const START_MS: i64 = 1_790_000_000_000;
const TOPIC_ID: &str = "2bUcjmYrTVeR-_3xW9mG3Q";

fn trace(withhold: u32) -> Vec<Record> {
    let seeding = Seeding {
        withhold,
        ..Seeding::new(12)
    };
    let mut workload = Workload::new(Profile::mobile(), &Keys::from_seed(1), seeding, 12);
    (0..5_000)
        .map(|at| workload.next(START_MS + at / 2, usize::MAX))
        .collect()
}

/// Books records in an order, each at the next offset of its partition.
fn booked(records: &[&Record], partition: impl Fn(&Record) -> i32) -> Books {
    let mut books = Books::new();
    let mut next = [0; 12];
    for record in records {
        let partition = partition(record);
        let offset = next[partition as usize];
        books
            .book(TOPIC_ID, partition, offset, &record.facts)
            .unwrap();
        next[partition as usize] = offset + 1;
    }
    books
}

fn devices(books: &Books) -> Vec<(String, String, Option<String>, i64)> {
    let mut all: Vec<_> = books
        .expected_devices()
        .map(|c| (c.product, c.device, c.channel, c.hour_us))
        .collect();
    all.sort();
    all
}

#[test]
fn any_order_and_partitioning_credits_the_same() {
    let records = trace(0);
    let mut order: Vec<&Record> = records.iter().collect();
    let mut expected = booked(&order, |record| record.partition);
    assert!(expected.advance_to_end().is_complete());
    assert!(expected.new_user_count() > 500);
    for seed in 0..10 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        order.shuffle(&mut rng);
        let partitions = rng.random_range(1..12);
        let mut books = booked(&order, |r| (r.received_ms % partitions) as i32);
        assert!(books.advance_to_end().is_complete());
        assert_eq!(books.new_users(), expected.new_users());
        assert_eq!(devices(&books), devices(&expected));
        assert_eq!(books.totals(), expected.totals());
    }
}

#[test]
fn cuts_on_the_way_change_nothing_in_the_end() {
    let records = trace(0);
    let order: Vec<&Record> = records.iter().collect();
    let mut at_once = booked(&order, |record| record.partition);
    let mut stepwise = at_once.clone();
    at_once.advance_to_end();
    let end = stepwise.end();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..50 {
        let cut = end
            .iter()
            .map(|(id, p, next)| (id.to_owned(), p, rng.random_range(0..next)))
            .collect();
        assert!(stepwise.advance(&cut).is_complete());
    }
    stepwise.advance(&end);
    assert_eq!(stepwise.new_users(), at_once.new_users());
    assert_eq!(stepwise.totals(), at_once.totals());
    assert_eq!(stepwise.totals().records, records.len() as u64);
    let users: i64 = stepwise.new_users().values().sum();
    assert_eq!(users as u64, stepwise.new_user_count());
}

#[test]
fn the_same_records_twice_change_nothing() {
    let records = trace(0);
    let once: Vec<&Record> = records.iter().collect();
    let twice: Vec<&Record> = once.iter().chain(&once).copied().collect();
    let (mut once, mut twice) = (
        booked(&once, |r| r.partition),
        booked(&twice, |r| r.partition),
    );
    once.advance_to_end();
    twice.advance_to_end();
    assert_eq!(once.new_users(), twice.new_users());
}

fn launch(device: &str, channel: &str, received_us: i64) -> RecordFacts {
    RecordFacts {
        received_us,
        facts: vec![Fact {
            element: 0,
            outcome: Outcome::Event,
            event: Some(EventFact {
                product: Name::from("maps"),
                device: Device::parse(device).unwrap(),
                channel: Some(Name::from(channel)),
                event: "launch",
                event_time_us: received_us,
                clock_rule: ClockRule::Skew,
                tie: 1,
                counts: true,
            }),
        }],
    }
}

#[test]
fn a_lagging_partition_moves_the_credit() {
    let minute = 60_000_000;
    let mut books = Books::new();
    books
        .book(TOPIC_ID, 0, 0, &launch("a1", "a", 6 * minute))
        .unwrap();
    books
        .book(TOPIC_ID, 1, 0, &launch("a1", "b", 20 * minute))
        .unwrap();
    books.advance(&[(TOPIC_ID, 1, 1)].into_iter().collect());
    assert_eq!(books.credited("maps", "a1").unwrap().channel.unwrap(), "b");
    books.advance(&[(TOPIC_ID, 0, 1), (TOPIC_ID, 1, 1)].into_iter().collect());
    assert_eq!(books.credited("maps", "a1").unwrap().channel.unwrap(), "a");
    assert_eq!((books.new_user_count(), books.moved_credits()), (1, 1));
    assert_eq!(books.new_users().len(), 1);
}

#[test]
fn a_cut_ahead_of_the_books_is_told() {
    let mut books = Books::new();
    let facts = RecordFacts {
        received_us: 0,
        facts: vec![Fact::dead_letter(-1, Reason::Malformed)],
    };
    for offset in [0, 1, 3] {
        books.book(TOPIC_ID, 2, offset, &facts).unwrap();
    }
    // librdkafka's spelling of the same id.
    let id = TOPIC_ID.replace('-', "+").replace('_', "/");
    let cut: Cut = [(id.as_str(), 2, 4), ("of another topic", 0, 9)]
        .into_iter()
        .collect();
    let gap = Gap {
        topic_id: TOPIC_ID.to_owned(),
        partition: 2,
        known: 2,
        cut: 4,
    };
    assert_eq!(books.advance(&cut).gaps, [gap]);
    books.book(TOPIC_ID, 2, 2, &facts).unwrap();
    assert!(books.advance(&cut).is_complete());
    assert_eq!(books.totals().records, 4);
    assert_eq!(books.totals().of(Outcome::DeadLetter(Reason::Malformed)), 4);
}

#[test]
fn what_is_withheld_is_named() {
    let records = trace(3);
    let all: Vec<&Record> = records.iter().collect();
    let mut books = booked(&all, |r| r.partition);
    books.advance_to_end();
    // A ledger that was given what was sent.
    let mut sent = records.clone();
    let mut withheld = Vec::new();
    for record in &mut sent {
        let keep = record.facts.facts.len() - record.withheld;
        withheld.extend(
            record
                .facts
                .facts
                .drain(keep..)
                .map(|fact| fact.event.unwrap()),
        );
    }
    let sent: Vec<&Record> = sent.iter().collect();
    let mut ledger = booked(&sent, |r| r.partition);
    ledger.advance_to_end();
    let differences = books.compare_devices(devices(&ledger));
    assert_eq!(differences.len(), 3);
    for event in &withheld {
        let difference = differences
            .iter()
            .find(|d| d.device == event.device.to_string())
            .unwrap();
        let text = difference.to_string();
        let begin = format!(
            "device {} of product {}, channel ",
            event.device, event.product
        );
        assert!(text.starts_with(&begin), "{text}");
        assert!(
            text.ends_with("is in the books but not in the ledger"),
            "{text}"
        );
    }
    let missing: i64 = books
        .compare(&ledger.new_users())
        .iter()
        .map(|d| d.ours - d.theirs)
        .sum();
    assert_eq!(missing, 3);
    assert!(books.compare(&books.new_users()).is_empty());
    assert!(books.compare_devices(devices(&books)).is_empty());
}

fn temporary(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("generator-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn begin(folder: &mut Folder) -> FactsWriter {
    let topic = TopicRun {
        topic: "mobile-logs".to_owned(),
        topic_id: TOPIC_ID.to_owned(),
    };
    folder
        .begin(topic, 12, "2026-01-01T00:00:00.000Z".to_owned(), 0)
        .unwrap()
}

#[test]
fn a_folder_gives_back_what_was_booked() {
    let path = temporary("round-trip");
    let records = trace(2);
    let all: Vec<&Record> = records.iter().collect();
    let mut expected = booked(&all, |r| r.partition);
    let mut next = [0; 12];
    for half in records.chunks(records.len() / 2) {
        let mut folder = Folder::open(&path).unwrap();
        let writer = begin(&mut folder);
        for record in half {
            let offset = &mut next[record.partition as usize];
            writer.book(record.partition, *offset, Box::new(record.facts.clone()));
            *offset += 1;
        }
        writer.flush().unwrap();
        writer.finish().unwrap();
        folder.note(77, true).unwrap();
    }
    let folder = Folder::open(&path).unwrap();
    assert_eq!((folder.runs().len(), folder.next_run()), (2, 3));
    assert_eq!(folder.handsets()[1].devices, 77);
    let mut books = folder.load().unwrap();
    assert_eq!(books.end(), expected.end());
    books.advance_to_end();
    expected.advance_to_end();
    assert_eq!(books.new_users(), expected.new_users());
    assert_eq!(books.totals_by_partition(), expected.totals_by_partition());
    assert_eq!(devices(&books), devices(&expected));
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn a_run_that_crashed_leaves_whole_records() {
    let path = temporary("crash");
    let records = trace(0);
    let mut folder = Folder::open(&path).unwrap();
    let writer = begin(&mut folder);
    for (offset, record) in records.iter().zip(0..).take(500) {
        writer.book(0, record, Box::new(offset.facts.clone()));
    }
    writer.finish().unwrap();
    let file = path.join("facts-1.csv");
    let text = std::fs::read(&file).unwrap();
    std::fs::write(&file, &text[..text.len() - 9]).unwrap();
    let books = Folder::open(&path).unwrap().load().unwrap();
    // The record that was cut off is left out, and the one before it where that cannot be told.
    assert!(matches!(books.end().get(TOPIC_ID, 0), Some(498..=499)));
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn an_hour_belongs_to_the_event_not_to_the_receipt() {
    let mut books = Books::new();
    let mut facts = launch("b2", "x", 10 * US_PER_HOUR + 3);
    facts.facts[0].event.as_mut().unwrap().event_time_us = 10 * US_PER_HOUR - 1;
    books.book(TOPIC_ID, 0, 0, &facts).unwrap();
    books.advance_to_end();
    assert_eq!(
        books.credited("maps", "b2").unwrap().hour_us,
        9 * US_PER_HOUR
    );
}
