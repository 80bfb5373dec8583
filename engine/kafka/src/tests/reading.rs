//! Micro-batches, their ranges and their limits.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use common::source_schema;

use super::mock::{Message, Mock, quick, read, until};
use crate::{SourceBatch, SourceHandle, SourceReader, Start};

fn offsets_of(batches: &[SourceBatch]) -> Vec<i64> {
    batches
        .iter()
        .flat_map(|b| {
            let offsets = b.records.column(5).as_primitive::<Int64Type>();
            offsets.values().to_vec()
        })
        .collect()
}

/// Each partition's ranges join, begin at `first`, and hold as many records as offsets.
fn assert_ranges_join(batches: &[SourceBatch], first: i64) -> BTreeMap<i32, i64> {
    let mut next = BTreeMap::new();
    for range in batches.iter().flat_map(|b| &b.ranges) {
        let expected = next.insert(range.at.partition, range.next_offset);
        assert_eq!(range.first_offset, expected.unwrap_or(first));
        let offsets = range.next_offset - range.first_offset;
        assert_eq!(offsets, range.records as i64);
    }
    next
}

/// Whether every topic partition was read to the end that it had at the start.
fn is_caught_up(handle: &SourceHandle) -> bool {
    let lags = handle.lag();
    let mut lags = lags.iter();
    lags.len() > 0 && lags.all(|lag| lag.next_offset >= lag.end_at_start)
}

#[test]
fn records_become_columns_as_they_are() {
    let mock = Mock::with_topic("logs", 1);
    let plain = Message::new(0, b"plain");
    mock.send(
        "logs",
        &[
            Message {
                key: Some("k"),
                timestamp_ms: 1_700_000_000_123,
                ..plain
            },
            Message {
                header: Some(("trace", "7")),
                ..plain
            },
            Message {
                value: None,
                ..plain
            },
            Message {
                value: Some(b""),
                ..plain
            },
        ],
    );
    let mut reader = mock.source("logs", Start::at_beginning(4));
    // Kafka may hand them over in several fetches.
    let batches = read(&mut reader, 4);
    let first = &batches[0];
    assert_eq!(first.records.schema(), source_schema());
    assert_eq!(first.incarnation, 4);
    assert_eq!(batches.iter().map(|batch| batch.bytes).sum::<usize>(), 11);
    let records =
        concat_batches(&source_schema(), batches.iter().map(|batch| &batch.records)).unwrap();

    let key = records.column(0).as_binary::<i32>();
    assert_eq!((key.value(0), key.null_count()), (&b"k"[..], 3));
    let value = records.column(1).as_binary::<i32>();
    assert_eq!(value.value(0), b"plain");
    assert!(value.is_null(2));
    assert!(value.is_valid(3) && value.value(3).is_empty());

    let headers = records.column(2).as_list::<i32>();
    assert_eq!(headers.null_count(), 3);
    let header = headers.value(1);
    let header = header.as_struct();
    assert_eq!(header.column(0).as_string::<i32>().value(0), "trace");
    assert_eq!(header.column(1).as_binary::<i32>().value(0), b"7");

    assert_eq!(records.column(3).as_string::<i32>().value(3), "logs");
    assert_eq!(offsets_of(&batches), [0, 1, 2, 3]);
    let received = records.column(6).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(received.value(0), 1_700_000_000_123_000);
}

#[test]
fn headers_that_nobody_asked_for_are_null() {
    let mock = Mock::with_topic("logs", 1);
    let with_header = Message {
        header: Some(("a", "b")),
        ..Message::new(0, b"v")
    };
    mock.send("logs", &[with_header]);
    let mut settings = quick();
    settings.headers = false;
    let start = |_: &_| Ok(Start::at_beginning(0));
    let mut reader = SourceReader::open(&mock.settings(), "logs", settings, start).unwrap();
    let batches = read(&mut reader, 1);
    let headers = batches.iter().map(|batch| batch.records.column(2));
    assert_eq!(headers.map(|column| column.null_count()).sum::<usize>(), 1);
}

#[test]
fn all_partitions_are_read_and_their_ranges_join() {
    let mock = Mock::with_topic("logs", 3);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let mut batches = Vec::new();
    for round in 0..5 {
        let value = format!("round {round}");
        let messages: Vec<_> = (0..30)
            .map(|n| Message::new(n % 3, value.as_bytes()))
            .collect();
        mock.send("logs", &messages);
        batches.extend(read(&mut reader, 30));
    }
    let next = assert_ranges_join(&batches, 0);
    assert_eq!(next, BTreeMap::from([(0, 50), (1, 50), (2, 50)]));
    let records: usize = batches.iter().map(|batch| batch.records.num_rows()).sum();
    let counters = reader.handle().counters();
    assert_eq!((records, counters.stale, counters.gaps), (150, 0, 0));
}

#[test]
fn a_restart_goes_on_at_the_next_offsets() {
    let mock = Mock::with_topic("logs", 2);
    let messages: Vec<_> = (0..20).map(|n| Message::new(n % 2, b"v")).collect();
    mock.send("logs", &messages);
    let start = Start {
        incarnation: 0,
        next_offsets: BTreeMap::from([(0, 7), (1, 10)]),
    };
    let mut reader = mock.source("logs", start);
    let batches = read(&mut reader, 3);
    assert_eq!(offsets_of(&batches), [7, 8, 9]);
    // The first range of a partition may come before its first record.
    let ranges = batches.iter().flat_map(|batch| &batch.ranges);
    let of_first: Vec<_> = ranges.filter(|range| range.at.partition == 0).collect();
    assert_eq!(of_first.first().map(|range| range.first_offset), Some(7));
    assert_eq!(of_first.last().map(|range| range.next_offset), Some(10));
}

#[test]
fn a_batch_keeps_to_its_limits() {
    let mock = Mock::with_topic("logs", 1);
    let value = [b'x'; 1000];
    let messages = vec![Message::new(0, &value); 500];
    mock.send("logs", &messages);
    let huge = vec![b'y'; 50_000];
    mock.send("logs", &[Message::new(0, &huge)]);
    let mut settings = quick();
    settings.batch_rows_max = 64;
    settings.batch_bytes_max = 10_000;
    let start = |_: &_| Ok(Start::at_beginning(0));
    let mut reader = SourceReader::open(&mock.settings(), "logs", settings, start).unwrap();
    let batches = read(&mut reader, 501);
    for batch in &batches {
        let rows = batch.records.num_rows();
        assert!(rows <= 64 && (batch.bytes <= 10_000 || rows == 1), "{rows}");
    }
    assert_ranges_join(&batches, 0);
    assert_eq!(offsets_of(&batches), (0..501).collect::<Vec<_>>());
}

#[test]
fn lag_falls_to_zero_and_catching_up_ends() {
    let mock = Mock::with_topic("logs", 2);
    let messages: Vec<_> = (0..10).map(|n| Message::new(n % 2, b"v")).collect();
    mock.send("logs", &messages);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let handle = reader.handle();
    assert!(!is_caught_up(&handle));
    read(&mut reader, 10);
    assert!(is_caught_up(&handle));
    let ends = handle.lag().into_iter();
    assert_eq!(
        ends.map(|lag| (lag.partition, lag.end_at_start))
            .collect::<BTreeMap<_, _>>(),
        BTreeMap::from([(0, 5), (1, 5)])
    );
    assert!(handle.lag().iter().all(|lag| lag.lag() == 0));
    assert!(handle.state().is_reading());
}

#[test]
fn an_empty_topic_is_caught_up_once_it_was_found() {
    let mock = Mock::with_topic("logs", 2);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let handle = reader.handle();
    let mut ranges = Vec::new();
    until("the empty topic", || {
        if let Some(batch) = reader.poll().unwrap() {
            assert_eq!(batch.records.num_rows(), 0);
            ranges.extend(batch.ranges);
        }
        is_caught_up(&handle) && !ranges.is_empty()
    });
    let told: Vec<_> = ranges
        .iter()
        .map(|r| (r.at.partition, r.first_offset, r.next_offset, r.records))
        .collect();
    assert_eq!(told, [(0, 0, 0, 0), (1, 0, 0, 0)]);
    assert!(reader.poll().unwrap().is_none());
}

#[test]
fn looking_takes_no_record() {
    let mock = Mock::with_topic("logs", 1);
    mock.send("logs", &[Message::new(0, b"v")]);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let handle = reader.handle();
    until("the topic", || {
        reader.look().unwrap();
        handle.state().is_reading()
    });
    assert!(handle.lag().iter().all(|lag| lag.next_offset == 0));
    read(&mut reader, 1);
}

#[test]
fn a_stop_ends_reading() {
    let mock = Mock::with_topic("logs", 1);
    mock.send("logs", &[Message::new(0, b"first")]);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let handle = reader.handle();
    read(&mut reader, 1);
    mock.send("logs", &[Message::new(0, b"second")]);
    handle.stop();
    assert!(reader.poll().unwrap().is_none());
    assert!(handle.is_stopped());
}
