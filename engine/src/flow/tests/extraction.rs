//! What records become before the ledgers see them, and that the counts tell.

use arrow::array::{Array, AsArray};
use dimensions::NoDimensions;
use lake::commit::PartitionCount;
use sql::{ARCHIVE, DEAD_LETTERS};

use super::fixture::*;
use crate::flow::extraction::Extracted;

/// Records, opened, elements, events, dead letters, filtered.
fn sums(count: &PartitionCount) -> [i64; 6] {
    [
        count.records,
        count.opened,
        count.elements,
        count.events,
        count.dead_letters,
        count.filtered,
    ]
}

fn with_value(offset: i64, value: &str) -> Record {
    Record {
        value: value.into(),
        ..record(offset, "", "", offset)
    }
}

/// Nine records with fifteen elements, in two partitions.
fn mixed() -> Vec<Record> {
    let two = r#"[{"d":"a","c":"x"},{"d":"b","c":"skip"}]"#;
    let values = [
        two,
        two,
        "[]",
        "{broken",
        "[7,null]",
        two,
        r#"[{"c":"x"}]"#,
        two,
        two,
    ];
    let records = values.iter().zip(0..).map(|(value, offset)| Record {
        partition: i32::from(offset >= 6),
        ..with_value(offset, value)
    });
    records.collect()
}

fn position(extracted: &Extracted, table: &str, row: usize) -> (i64, i32) {
    let position = rows_of(extracted, table)
        .column_by_name("position")
        .unwrap();
    let position = position.as_struct();
    let of = |name: &str| position.column_by_name(name).unwrap().clone();
    let offset = of("offset");
    let element = of("element");
    (
        offset
            .as_primitive::<arrow::datatypes::Int64Type>()
            .value(row),
        element
            .as_primitive::<arrow::datatypes::Int32Type>()
            .value(row),
    )
}

#[test]
fn every_record_is_opened_and_every_element_has_an_outcome() {
    let extracted = extracted(&mixed(), None);
    let counts: Vec<_> = extracted.counts.iter().map(sums).collect();
    assert_eq!(counts, [[6, 6, 10, 3, 4, 3], [3, 3, 5, 2, 1, 2]]);
    assert!(extracted.counts.iter().all(PartitionCount::is_balanced));
    assert_eq!(rows_of(&extracted, ARCHIVE).num_rows(), 9);
    assert_eq!(rows_of(&extracted, "seen").num_rows(), 5);
    assert_eq!(rows_of(&extracted, DEAD_LETTERS).num_rows(), 5);
    // The archive and the pipeline have read both partitions.
    let next: Vec<i64> = extracted.offsets.values().copied().collect();
    assert_eq!(next, [6, 9, 6, 9]);
}

#[test]
fn a_row_lost_behind_the_plan_is_missing_in_the_balance() {
    let extracted = extracted(&mixed(), Some("pipeline"));
    let balanced = extracted.counts.iter().map(PartitionCount::is_balanced);
    assert_eq!(balanced.collect::<Vec<_>>(), [true, false]);
    assert_eq!(rows_of(&extracted, "seen").num_rows(), 4);
}

#[test]
fn a_record_lost_before_the_unnest_is_missing_in_the_balance() {
    let extraction = extraction(&folder());
    let mut batch = micro_batch(&mixed());
    // The reader says that it had one more.
    batch.ranges[1].records += 1;
    let run = extraction.run(&batch, &NoDimensions);
    let counts = futures::executor::block_on(run).unwrap().counts;
    assert_eq!(sums(&counts[1]), [4, 3, 5, 2, 1, 2]);
    assert!(counts[0].is_balanced() && !counts[1].is_balanced());
}

#[test]
fn a_records_bytes_are_copied_once_however_many_elements_are_rejected() {
    const ELEMENTS: usize = 60_000;
    let value = format!("[{}7]", "7,".repeat(ELEMENTS - 1));
    let extracted = extracted(&[with_value(0, &value), with_value(1, "[7]")], None);
    let letters = rows_of(&extracted, DEAD_LETTERS);
    assert_eq!(letters.num_rows(), ELEMENTS + 1);
    let bytes = letters.column_by_name("value").unwrap().as_binary::<i32>();
    assert_eq!(bytes.null_count(), ELEMENTS - 1);
    assert_eq!(bytes.value(0), value.as_bytes());
    assert_eq!(bytes.value(ELEMENTS), b"[7]");
    assert_eq!(bytes.value_data().len(), value.len() + 3);
    assert!(extracted.counts[0].is_balanced());
}

#[test]
fn a_record_without_a_time_is_a_dead_letter_and_never_an_event() {
    let mut records = vec![
        record(0, "a", "x", 1),
        record(1, "a", "untimed", 2),
        with_value(2, "[7]"),
        record(3, "b", "y", 3),
    ];
    records[1].received_us = 0;
    let some = extracted(&records, None);
    assert_eq!(sums(&some.counts[0]), [4, 4, 4, 2, 2, 0]);
    let rows = rows_of(&some, "seen");
    assert_eq!(texts(rows, "channel"), ["x", "y"]);
    assert_eq!(position(&some, "seen", 1), (3, 0));
    let letters = rows_of(&some, DEAD_LETTERS);
    assert_eq!(texts(letters, "reason"), ["malformed", "no timestamp"]);
    assert_eq!(position(&some, DEAD_LETTERS, 0), (2, 0));
    assert_eq!(position(&some, DEAD_LETTERS, 1), (1, -1));
    let bytes = letters.column_by_name("value").unwrap().as_binary::<i32>();
    assert_eq!(bytes.value(1), records[1].value.as_bytes());
    assert_eq!(rows_of(&some, ARCHIVE).num_rows(), 4);
    assert_eq!(some.received_max_us[&0], START_US + 3 * MINUTE_US);

    for record in &mut records {
        record.received_us = 0;
    }
    let all = extracted(&records, None);
    assert_eq!(sums(&all.counts[0]), [4, 4, 4, 0, 4, 0]);
    assert!(all.received_max_us.is_empty());
}
