//! A micro-batch is published with its entries in all ledgers, or in none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::Kind;
use lake::storage::{FaultPlan, Storage};

use super::fixture::*;
use crate::flow::row_loss::RowLoss;

/// A world whose reads fail as planned.
fn with_faults(plan: &str) -> World {
    let storage = Storage::in_memory();
    let reads = storage.clone().with_faults(FaultPlan::parse(plan).unwrap());
    World::new(storage, reads)
}

fn tail_rows(world: &World, table: &str) -> usize {
    let state = world.shared.publisher.current();
    let tail = &state.table(table).unwrap().tail;
    tail.iter().map(|t| t.rows.num_rows()).sum()
}

#[test]
fn a_ledger_at_its_ceiling_leaves_the_others_and_the_state_as_they_were() {
    let world = World::with_other(64 << 10);
    let error = world.publish(&[record(0, "a", "x", 1)]).unwrap_err();
    assert_eq!(error.kind, Kind::Exhausted);
    let text = error.to_string();
    assert!(text.starts_with("ledger other: "), "{text}");
    assert!(text.contains("raise ingest.index_bytes_max"), "{text}");
    assert_eq!(world.ledgers(), [(1, 0), (1, 0)]);
    let state = world.shared.publisher.current();
    assert_eq!(state.sequence, 0);
    assert!(state.offsets.is_empty() && state.last_entries.is_empty());
}

#[test]
fn all_ledgers_get_the_entries_that_are_published() {
    let world = World::with_other(usize::MAX);
    assert!(
        world
            .publish(&[record(0, "a", "x", 5), record(1, "b", "x", 6)])
            .unwrap()
    );
    assert!(world.publish(&[record(2, "a", "y", 1)]).unwrap());
    assert_eq!(world.ledgers(), [(5, 2), (5, 2)]);
    for ledger in ["first", "other"] {
        assert_eq!(tail_rows(&world, ledger), 4);
    }
    let expected = ["first", "other"].map(|ledger| (Arc::from(ledger), 4));
    assert_eq!(
        world.shared.publisher.current().last_entries,
        expected.into()
    );
}

#[test]
fn storage_that_fails_while_an_old_entry_is_read_is_asked_again() {
    let world = with_faults("before-get:first/*:1=error; before-get:first/*:2=error");
    assert!(world.publish(&[record(0, "a", "x", 5)]).unwrap());
    world.commit();
    assert!(world.publish(&[record(1, "a", "y", 1)]).unwrap());
    assert_eq!(world.ledgers(), [(4, 1)]);
    let entries = world.read(&[1, 2, 3]).unwrap();
    let mut by_number: Vec<_> = longs(&entries, "entry")
        .into_iter()
        .zip(integers(&entries, "sign"))
        .zip(texts(&entries, "channel"))
        .map(|((entry, sign), channel)| (entry, sign, channel))
        .collect();
    by_number.sort();
    let expected = [(1, 1, "x"), (2, -1, "x"), (3, 1, "y")];
    assert_eq!(by_number, expected.map(|(e, s, c)| (e, s, c.to_owned())));
    let state = world.shared.publisher.current();
    assert_eq!(&*state.progress[SOURCE].state, "reading");
}

#[test]
fn a_source_that_waits_for_storage_says_so_and_can_be_stopped() {
    let world = with_faults("before-get:first/*:*=error");
    assert!(world.publish(&[record(0, "a", "x", 5)]).unwrap());
    world.commit();
    let published = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| world.publish(&[record(1, "a", "y", 1)]));
        let deadline = Instant::now() + Duration::from_secs(30);
        let state = || {
            world.shared.publisher.current().progress[SOURCE]
                .state
                .clone()
        };
        while !state().starts_with("waiting for storage: ledger first: cannot read first/") {
            assert!(Instant::now() < deadline, "{}", state());
            std::thread::yield_now();
        }
        // The others are not held up.
        assert_eq!(world.ledgers(), [(2, 1)]);
        world.shared.stop.store(true, Ordering::Release);
        publishing.join().unwrap()
    });
    assert!(!published.unwrap());
    assert_eq!(world.ledgers(), [(2, 1)]);
    assert_eq!(tail_rows(&world, "seen"), 0);
}

#[test]
fn a_row_lost_on_purpose_is_missing_in_that_table_only() {
    let mut world = with_faults("");
    let loss = RowLoss::parse("first:2", &world.configuration.tables).unwrap();
    world.shared.row_loss = Some(loss);
    for offset in 0..3 {
        let new = record(offset, &format!("d{offset}"), "x", 1);
        assert!(world.publish(&[new]).unwrap());
    }
    assert_eq!(tail_rows(&world, "first"), 2);
    assert_eq!(tail_rows(&world, "seen"), 3);
    assert_eq!(world.ledgers(), [(4, 3)]);
}
