//! From records to entries in files: any batching, order, commits and crash give the same credits.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Int64Type};
use lake::storage::Storage;
use proptest::prelude::*;

use super::fixture::*;

/// The evidence of a credit, in the ledger's order: received, event time, tie (none last), channel
/// (none last), partition, offset, element.
type Evidence = (i64, i64, (bool, Vec<u8>), (bool, String), (i32, i64, i32));

/// Records of few devices, channels and times, at the offsets of two partitions.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let text = |letter: &'static str, of: u8| {
        prop::option::weighted(0.8, 0..of).prop_map(move |n| match n {
            Some(n) => format!(r#""{letter}{n}""#),
            None => "null".to_owned(),
        })
    };
    let element = (text("d", 4), text("c", 3), text("id", 3))
        .prop_map(|(d, c, id)| format!(r#"{{"d":{d},"c":{c},"id":{id}}}"#));
    let value = prop::collection::vec(element, 0..4).prop_map(|all| format!("[{}]", all.join(",")));
    let record = (0..2_i32, prop::option::weighted(0.9, 0..3_i64), value);
    prop::collection::vec(record, 1..25).prop_map(|all| {
        let mut next_offsets = [0, 0];
        all.into_iter()
            .map(|(partition, minute, value)| {
                let next = &mut next_offsets[usize::try_from(partition).unwrap()];
                *next += 1;
                Record {
                    partition,
                    offset: *next - 1,
                    received_us: minute.map_or(0, |minute| START_US + minute * MINUTE_US),
                    value,
                }
            })
            .collect()
    })
}

/// Each device's evidence in rows of `seen` or `first`, by row.
fn evidence(rows: &arrow::array::RecordBatch) -> Vec<(String, Evidence)> {
    let ties = rows.column_by_name("tie").unwrap().as_binary::<i32>();
    let channels = rows.column_by_name("channel").unwrap().as_string::<i32>();
    let position = rows.column_by_name("position").unwrap().as_struct();
    let partition = position.column(2).as_primitive::<Int32Type>();
    let offset = position.column(3).as_primitive::<Int64Type>();
    let element = position.column(4).as_primitive::<Int32Type>();
    let (received, event_time) = (times(rows, "received"), times(rows, "event_time"));
    let devices = texts(rows, "device").into_iter().enumerate();
    devices
        .map(|(row, device)| {
            let tie = match ties.is_valid(row) {
                true => (false, ties.value(row).to_vec()),
                false => (true, Vec::new()),
            };
            let channel = match channels.is_valid(row) {
                true => (false, channels.value(row).to_owned()),
                false => (true, String::new()),
            };
            let at = (partition.value(row), offset.value(row), element.value(row));
            (device, (received[row], event_time[row], tie, channel, at))
        })
        .collect()
}

/// The credits in force, after checking that numbers are dense and that signs alternate.
fn credits(world: &World) -> BTreeMap<String, Evidence> {
    let (next_entry, keys) = world.ledgers()[0];
    let numbers: Vec<i64> = (1..next_entry).collect();
    let entries = world.read(&numbers).unwrap();
    let mut by_number: Vec<_> = longs(&entries, "entry")
        .into_iter()
        .zip(integers(&entries, "sign"))
        .zip(evidence(&entries))
        .collect();
    by_number.sort();
    let mut credits = BTreeMap::new();
    for (expected, ((entry, sign), (device, evidence))) in (1..).zip(by_number) {
        assert_eq!(entry, expected);
        match sign {
            1 => assert_eq!(credits.insert(device, evidence), None),
            _ => assert_eq!(credits.remove(&device), Some(evidence)),
        }
    }
    assert_eq!(credits.len(), keys);
    credits
}

/// Records in another order between the partitions, cut into micro-batches.
fn batches(records: &[Record], turns: &[(bool, usize)]) -> Vec<Vec<Record>> {
    let (mut left, mut right): (Vec<Record>, Vec<Record>) =
        records.iter().cloned().partition(|r| r.partition == 0);
    let mut batches = Vec::new();
    for (first, count) in turns {
        let from = match *first {
            true => &mut left,
            false => &mut right,
        };
        batches.push(from.drain(..(*count).min(from.len())).collect());
    }
    batches.push(left);
    batches.push(right);
    batches.retain(|batch: &Vec<Record>| !batch.is_empty());
    batches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_batching_order_commits_and_crash_give_the_same_credits(
        records in records(),
        turns in prop::collection::vec((any::<bool>(), 1..6_usize), 0..12),
        again in prop::collection::vec((any::<bool>(), 1..6_usize), 0..12),
        commits in prop::collection::vec(any::<bool>(), 40),
        crash_at in 0..12_usize,
    ) {
        let mut oracle: BTreeMap<String, Evidence> = BTreeMap::new();
        let whole = extracted(&records, None);
        if whole.rows.iter().any(|(table, _)| **table == *"seen") {
            for (device, evidence) in evidence(rows_of(&whole, "seen")) {
                let least = oracle.entry(device).or_insert_with(|| evidence.clone());
                *least = evidence.min(least.clone());
            }
        }

        let storage = Storage::in_memory();
        let mut world = World::new(storage.clone(), storage);
        for (batch, commit) in batches(&records, &turns).iter().zip(&commits).take(crash_at) {
            prop_assert!(world.publish(batch).unwrap());
            if *commit {
                world.commit();
            }
        }
        world.restart();
        let state = world.shared.publisher.current();
        let next = |partition: i32| {
            let offsets = state.offsets.iter();
            let of_feed = offsets.filter(|(key, _)| &*key.pipeline == "feed");
            let found = of_feed.filter(|(key, _)| key.at == at(partition));
            found.map(|(_, next)| *next).next().unwrap_or(0)
        };
        let rest: Vec<Record> = records
            .iter()
            .filter(|r| r.offset >= next(r.partition))
            .cloned()
            .collect();
        for (batch, commit) in batches(&rest, &again).iter().zip(commits.iter().rev()) {
            prop_assert!(world.publish(batch).unwrap());
            if *commit {
                world.commit();
            }
        }
        prop_assert_eq!(credits(&world), oracle);
    }
}
