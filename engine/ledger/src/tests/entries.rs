//! What entries look like, and what goes wrong without a trace.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use async_trait::async_trait;
use common::{EngineError, Kind, Result};
use futures::executor::block_on;

use super::fixture::*;
use crate::columns::{ARRIVAL_HOUR, OWN};
use crate::{EntryKind, EntryReader, Index, Ledger, with_commit_group};

/// A device that came through b, then through a, which was earlier.
fn moved() -> (World, RecordBatch) {
    let mut world = World::new();
    world.post(&[event("d", "b", 20 * MINUTE, 2)]);
    world.post(&[event("d", "a", 6 * MINUTE, 1)]);
    let moved = world.published.0[1].clone();
    (world, moved)
}

#[test]
fn a_first_entry_has_its_evidence_and_its_own_columns() {
    let (world, _) = moved();
    let first = &world.published.0[0];
    assert_eq!(first.schema(), default_table().schema);
    assert_eq!(string(first, "channel").value(0), "b");
    assert_eq!(time(first, "received", 0), 20 * MINUTE);
    assert_eq!(
        (
            int32(first, "sign").value(0),
            int32(first, "credit").value(0)
        ),
        (1, 1)
    );
    assert_eq!(string(first, "kind").value(0), "live");
    assert_eq!(string(first, "reason").value(0), "first event");
    assert_eq!(string(first, "run").value(0), "epoch 3");
    assert_eq!(time(first, "posted_at", 0), posting().at.timestamp_micros());
    let days = first.column_by_name("posted_day").unwrap();
    assert_eq!(days.as_primitive::<Date32Type>().value(0), 19_675);
    assert_eq!(int64(first, "entry").value(0), 1);
    for null in ["caused_by", "takes_back", "booked_day", "commit_group"] {
        assert!(first.column_by_name(null).unwrap().is_null(0), "{null}");
    }
    let caused_by = first.column_by_name("caused_by").unwrap().as_struct();
    assert!(caused_by.columns().iter().all(|child| child.is_null(0)));
}

#[test]
fn a_minus_copies_the_evidence_of_what_it_takes_back() {
    let (world, moved) = moved();
    let first = &world.published.0[0];
    assert_eq!(moved.num_rows(), 2);
    for (i, field) in moved.schema().fields().iter().enumerate() {
        if !OWN.contains(&field.name().as_str()) {
            assert_eq!(
                &moved.column(i).slice(0, 1),
                first.column(i),
                "{}",
                field.name()
            );
        }
    }
    assert_eq!(int32(&moved, "sign").values(), &[-1, 1]);
    assert_eq!(int32(&moved, "credit").values(), &[-1, 1]);
    assert_eq!(int64(&moved, "entry").values(), &[2, 3]);
    assert_eq!(int64(&moved, "takes_back").value(0), 1);
    assert!(int64(&moved, "takes_back").is_null(1));
    let caused_by = moved.column_by_name("caused_by").unwrap().as_struct();
    for row in 0..2 {
        assert_eq!(string(&moved, "reason").value(row), "earlier event");
        assert_eq!(
            caused_by.column(3).as_primitive::<Int64Type>().value(row),
            1
        );
    }
}

#[test]
fn a_commit_fills_in_the_group_only() {
    let (_, moved) = moved();
    let committed = with_commit_group(&moved, 12).unwrap();
    assert_eq!(int64(&committed, "commit_group").values(), &[12, 12]);
    let at = moved.schema().index_of("commit_group").unwrap();
    for i in (0..moved.num_columns()).filter(|i| *i != at) {
        assert_eq!(committed.column(i), moved.column(i));
    }
}

#[test]
fn taking_back_the_legacy_base_takes_back_no_credit() {
    let mut world = World::new();
    let base = rows(&[event("d", "old", HOUR, 1)]);
    let mut legacy = posting();
    legacy.kind = EntryKind::Legacy;
    legacy.reason = Some("base of 2024".into());
    let posted = post(&mut world.ledger, &base, &legacy, &world.published);
    let base = posted.unwrap().unwrap();
    assert_eq!(
        (
            int32(&base, "sign").value(0),
            int32(&base, "credit").value(0)
        ),
        (1, 0)
    );
    assert_eq!(string(&base, "reason").value(0), "base of 2024");
    world.published.0.push(base);
    world.post(&[event("d", "a", MINUTE, 2)]);
    assert_eq!(int32(&world.published.0[1], "sign").values(), &[-1, 1]);
    assert_eq!(int32(&world.published.0[1], "credit").values(), &[0, 1]);
}

#[test]
fn several_keys_move_in_one_call_with_one_read() {
    let mut world = World::new();
    let all = |minute: i64| {
        let number = minute as u8;
        ["p", "q", "r"].map(|d| event(d, "x", minute * MINUTE, number))
    };
    world.post(&all(9));
    let mut next = all(5).to_vec();
    next.push(event("new", "x", 6 * MINUTE, 6));
    assert_eq!(world.post(&next), 7);
    assert_eq!(world.balance().credited.len(), 4);
    let signs = int32(&world.published.0[1], "sign").values().to_vec();
    assert_eq!(signs, [-1, 1, -1, 1, -1, 1, 1]);
}

#[test]
fn the_arrival_hour_is_the_records_own_and_goes_with_the_evidence() {
    let mut world = World::new();
    // The collector's time can differ from Kafka's, which is what the archive is laid out by.
    let mut rows = rows(&[event("d", "b", 3 * HOUR + 7, 1)]);
    rows.arrival_hour = rows.arrival_hour.unary(|hour: i64| hour + 2 * HOUR);
    rows.arrival_hour = rows.arrival_hour.with_timezone("UTC");
    world.post_rows(&rows);
    assert_eq!(time(&world.published.0[0], ARRIVAL_HOUR, 0), 5 * HOUR);
    world.post(&[event("d", "a", HOUR, 2)]);
    let moved = &world.published.0[1];
    let hours = [0, 1].map(|row| time(moved, ARRIVAL_HOUR, row));
    assert_eq!(hours, [5 * HOUR, HOUR]);
}

/// A store that is away.
struct Away;

#[async_trait]
impl EntryReader for Away {
    async fn read(&self, _: &[i64]) -> Result<RecordBatch> {
        Err(EngineError::unavailable("away"))
    }
}

#[test]
fn a_failed_post_changes_nothing() {
    let (mut world, _) = moved();
    let before: Vec<_> = world.ledger.index().iter().collect();
    let events = [event("new", "c", MINUTE, 7), event("d", "c", MINUTE, 8)];
    let rows = rows(&events);
    let error = post(&mut world.ledger, &rows, &posting(), &Away).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(world.ledger.index().iter().collect::<Vec<_>>(), before);
    assert_eq!(world.ledger.next_entry(), 4);
    assert_eq!(world.post(&events), 3);
}

#[test]
fn above_the_ceiling_posting_stops_and_nothing_has_changed() {
    let empty = Index::with_key(key(), usize::MAX).bytes();
    let index = Index::with_key(key(), empty + 5_000);
    let mut ledger = Ledger::new(&default_table(), index, 1).unwrap();
    let events: Vec<Event> = (0..100)
        .map(|i| event(&format!("d{i}"), "a", HOUR, i))
        .collect();
    let rows = rows(&events);
    let error = post(&mut ledger, &rows, &posting(), &Published::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Exhausted);
    let text = error.to_string();
    assert!(text.starts_with("ledger new_user_ledger: "), "{text}");
    assert!(text.contains("above its ceiling"), "{text}");
    assert!(text.contains("raise ingest.index_bytes_max"), "{text}");
    assert!(ledger.index().is_empty());
    assert_eq!(ledger.next_entry(), 1);
}

#[test]
fn an_index_that_is_not_of_the_ledger_is_noticed() {
    let (mut world, _) = moved();
    // The credit's entry is another device's in these files.
    let mut other = World::new();
    for device in ["x", "y", "z"] {
        other.post(&[event(device, "c", MINUTE, 1)]);
    }
    let rows = rows(&[event("d", "c", MINUTE, 8)]);
    let error = post(&mut world.ledger, &rows, &posting(), &other.published).unwrap_err();
    assert_eq!(error.kind, Kind::Data);
}

#[test]
fn what_was_prepared_is_applied_once() {
    let mut world = World::new();
    let prepare = |world: &mut World, device| {
        let rows = rows(&[event(device, "a", HOUR, 1)]);
        let occasion = posting();
        let prepared = world
            .ledger
            .prepare(rows.evidence(), &occasion, &world.published);
        block_on(prepared).unwrap().unwrap()
    };
    let (first, second) = (prepare(&mut world, "d"), prepare(&mut world, "e"));
    assert_eq!(first.last_entry(), 1);
    assert!(world.ledger.index().is_empty());
    world.ledger.apply(first).unwrap();
    assert_eq!(world.ledger.apply(second).unwrap_err().kind, Kind::Internal);
}

#[test]
fn a_ledger_without_its_columns_is_refused() {
    let index = || Index::with_key(key(), usize::MAX);
    let mut table = default_table();
    let others: Vec<usize> = (0..table.schema.fields().len())
        .filter(|i| *i != 5)
        .collect();
    table.schema = Arc::new(table.schema.project(&others).unwrap());
    let error = Ledger::new(&table, index(), 1).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.to_string().contains("no column tie"), "{error}");
}
