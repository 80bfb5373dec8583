//! The index from the ledger's entries equals the index of the writer that posted them.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use common::Kind;

use super::fixture::*;
use crate::{CatchUp, Index, IndexKey};

/// A world in which credits have moved once, twice, and not at all.
fn moved() -> World {
    let mut world = World::new();
    for (device, minute) in [("a", 9), ("b", 9), ("c", 9), ("a", 5), ("b", 5), ("a", 1)] {
        world.post(&[event(device, "x", minute * MINUTE, minute as u8)]);
    }
    world
}

/// The entries one by one.
fn entries(world: &World) -> Vec<RecordBatch> {
    let batches = world.published.0.iter();
    batches
        .flat_map(|b| (0..b.num_rows()).map(|row| b.slice(row, 1)))
        .collect()
}

fn caught_up(entries: &[RecordBatch]) -> common::Result<(Index, i64)> {
    rebuilt(Index::with_key(key(), usize::MAX), entries)
}

/// An empty index, filled from a whole ledger.
fn rebuilt<'a>(
    index: Index,
    entries: impl IntoIterator<Item = &'a RecordBatch>,
) -> common::Result<(Index, i64)> {
    let mut catch_up = CatchUp::new(&default_table(), index, 0)?;
    for batch in entries {
        catch_up.apply(batch)?;
    }
    catch_up.finish()
}

fn with_column(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let at = batch.schema().index_of(name).unwrap();
    let mut columns = batch.columns().to_vec();
    columns[at] = column;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

#[test]
fn entries_apply_in_any_order() {
    let world = moved();
    let expected: Vec<_> = world.ledger.index().iter().collect();
    let mut entries = entries(&world);
    assert_eq!(entries.len(), 9);
    // Every rotation, forward and backward, has some −1 before the +1 that it takes back.
    for _ in 0..entries.len() {
        for _ in 0..2 {
            let (index, next_entry) = caught_up(&entries).unwrap();
            assert_eq!(index.iter().collect::<Vec<_>>(), expected);
            assert_eq!(next_entry, 10);
            entries.reverse();
        }
        entries.rotate_left(1);
    }
}

#[test]
fn a_credit_withdrawn_without_a_successor_leaves_no_key() {
    let mut world = World::new();
    world.post(&[event("a", "x", 9 * MINUTE, 9)]);
    world.post(&[event("a", "x", 5 * MINUTE, 5)]);
    let mut entries = entries(&world);
    // The last entry is a −1, of the credit that was in force.
    let minus = with_column(&entries[1], "sign", Arc::new(Int32Array::from(vec![-1])));
    let number = Arc::new(arrow::array::Int64Array::from(vec![4]));
    entries.push(with_column(&minus, "entry", number));
    for _ in 0..entries.len() {
        assert!(caught_up(&entries).unwrap().0.is_empty());
        entries.rotate_left(1);
    }
}

#[test]
fn a_missing_entry_is_noticed() {
    let world = moved();
    let mut entries = entries(&world);
    // The first −1's own +1.
    entries.remove(0);
    assert_eq!(caught_up(&entries).unwrap_err().kind, Kind::Data);
}

#[test]
fn a_missing_entry_of_a_device_that_never_moved_is_noticed() {
    let world = moved();
    let mut entries = entries(&world);
    // Without it neither the signs nor the keys tell that the device was ever there.
    let lone = entries.remove(2);
    assert_eq!(string(&lone, "device").value(0), "c");
    let error = caught_up(&entries).unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    let text = error.to_string();
    assert!(text.contains("has 8 entries from number 1 to 9"), "{text}");
}

#[test]
fn an_entry_that_is_there_twice_is_noticed() {
    let world = moved();
    let mut entries = entries(&world);
    entries.push(entries[2].clone());
    assert_eq!(caught_up(&entries).unwrap_err().kind, Kind::Data);
}

#[test]
fn a_rebuilt_index_answers_as_the_writer_did() {
    let world = moved();
    let batches = world.published.0.iter().rev();
    let (index, next_entry) = rebuilt(Index::new(usize::MAX), batches).unwrap();
    assert_eq!((index.len(), next_entry), (3, 10));
    for (device, minute) in [("a", 1), ("b", 5), ("c", 9)] {
        let stored = index.get(index.fingerprint(&["browser", device])).unwrap();
        assert_eq!(stored.at_ms, minute * MINUTE / MS);
    }
}

#[test]
fn entries_that_a_snapshot_has_are_skipped() {
    let world = moved();
    let index = world.ledger.index().clone();
    let mut catch_up = CatchUp::new(&default_table(), index, 10).unwrap();
    for entry in entries(&world) {
        catch_up.apply(&entry).unwrap();
    }
    assert_eq!(catch_up.finish().unwrap().0.len(), 3);
}

#[test]
fn a_broken_sign_is_the_tables_fault() {
    let world = moved();
    let broken = with_column(
        &entries(&world)[0],
        "sign",
        Arc::new(Int32Array::from(vec![2])),
    );
    assert_eq!(caught_up(&[broken]).unwrap_err().kind, Kind::Data);
}

#[test]
fn the_key_of_the_index_is_random() {
    assert_ne!(IndexKey::random(), IndexKey::random());
    let (a, b) = (Index::new(usize::MAX), Index::new(usize::MAX));
    assert_ne!(
        a.fingerprint(&["browser", "d"]),
        b.fingerprint(&["browser", "d"])
    );
    // Columns don't run into each other, and null is not the empty string.
    assert_ne!(a.fingerprint(&["ab", "c"]), a.fingerprint(&["a", "bc"]));
    let strings = |values: Vec<Option<&str>>| Arc::new(arrow::array::StringArray::from(values));
    let keys: ArrayRef = strings(vec![None, Some("")]);
    assert_eq!(keys.as_string::<i32>().value(1), "");
    let two = a.fingerprints(&[keys]).unwrap();
    assert_ne!(two[0], two[1]);
}
