//! Rows that are written as files, and what the files and their statistics say.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use common::{DataFile, TableDef, TableKind, position_fields, position_type};
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;

use super::write::write_with;
use super::{FileNaming, WriteLimits, write};
use crate::storage::Storage;

const HOUR_US: i64 = 3_600_000_000;
const NAMING: FileNaming = FileNaming { epoch: 1, group: 2 };

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn table(kind: TableKind, fields: Vec<Field>, partition_by: &[&str]) -> TableDef {
    TableDef {
        name: Arc::from("t"),
        location: "lake/t".to_owned(),
        kind,
        schema: Arc::new(Schema::new(fields)),
        partition_by: partition_by.iter().map(|&c| c.to_owned()).collect(),
        comment: None,
    }
}

fn times(values: &[i64]) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC"))
}

fn positions(offsets: &[i64]) -> ArrayRef {
    let rows = offsets.len();
    Arc::new(StructArray::new(
        position_fields(),
        vec![
            Arc::new(StringArray::from(vec!["mobile-logs"; rows])) as ArrayRef,
            Arc::new(Int32Array::from(vec![0; rows])),
            Arc::new(Int32Array::from(vec![3; rows])),
            Arc::new(Int64Array::from(offsets.to_vec())),
            Arc::new(Int32Array::from(vec![0; rows])),
        ],
        None,
    ))
}

async fn bytes_of(storage: &Storage, file: &DataFile) -> Bytes {
    let path = Path::from(format!("lake/t/{}", file.path));
    storage.get_file(&path).await.unwrap().unwrap()
}

fn events() -> TableDef {
    table(
        TableKind::Events,
        vec![
            Field::new("product", DataType::Utf8, true),
            Field::new("event_time", utc(), true),
            Field::new("hour", utc(), true),
            Field::new("arrival_hour", utc(), false),
            Field::new("position", position_type(), false),
        ],
        &["product", "arrival_hour"],
    )
}

/// Rows of (product, event time, arrival hour), at offsets from `first` on.
fn event_rows(rows: &[(Option<&str>, i64, i64)], first: i64) -> RecordBatch {
    let column = |f: &dyn Fn(i64, i64) -> i64| {
        times(&rows.iter().map(|row| f(row.1, row.2)).collect::<Vec<_>>())
    };
    let offsets: Vec<i64> = (first..).take(rows.len()).collect();
    RecordBatch::try_new(
        events().schema,
        vec![
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.0))),
            column(&|time, _| time),
            column(&|time, _| time / HOUR_US * HOUR_US),
            column(&|_, arrival| arrival),
            positions(&offsets),
        ],
    )
    .unwrap()
}

#[tokio::test]
async fn each_partition_has_a_file_and_late_rows_have_their_own() {
    let storage = Storage::in_memory();
    let at = |hour: i64| hour * HOUR_US;
    let first = event_rows(
        &[
            (Some("a"), at(10) + 9, at(10)),
            (Some("b"), at(10), at(10)),
            (Some("a"), at(10) + 2, at(10)),
            (None, at(10), at(10)),
        ],
        0,
    );
    let second = event_rows(
        &[
            (Some("a"), at(9), at(10)),
            (Some("a"), at(9) - 1, at(10)),
            (Some("a"), at(11), at(11)),
        ],
        4,
    );
    let files = write(&events(), &[first, second], &NAMING, &storage)
        .await
        .unwrap();
    let seen: Vec<_> = files
        .iter()
        .map(|file| {
            let text = |column: &str| file.partition_values[column].clone();
            (text("product"), text("arrival_hour"), file.rows)
        })
        .collect();
    let hour = |hour: i64| Some(format!("1970-01-01 {hour}:00:00"));
    let product = |name: &str| Some(name.to_owned());
    assert_eq!(
        seen,
        [
            (product("a"), hour(10), 3),
            (product("b"), hour(10), 1),
            (None, hour(10), 1),
            (product("a"), hour(10), 1),
            (product("a"), hour(11), 1),
        ]
    );
    assert!(
        files[0]
            .path
            .starts_with("product=a/arrival_hour=1970-01-01T10/")
    );
    assert_eq!(
        files[0].ranges["event_time"].min,
        "1970-01-01T09:00:00.000000Z"
    );
    assert_eq!(
        files[0].ranges["event_time"].max,
        "1970-01-01T10:00:00.000009Z"
    );
    assert_eq!(files[0].ranges["position.offset"].max, 4);
    assert_eq!(files[0].ranges["position.partition"].min, 3);
    assert!(!files[0].ranges.contains_key("product"));

    let bytes = bytes_of(&storage, &files[0]).await;
    let batch = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .unwrap()
        .build()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let expected = [at(10) + 9, at(10) + 2, at(9)];
    assert_eq!(
        batch.column_by_name("event_time").unwrap(),
        &times(&expected)
    );
    assert_eq!(
        batch.column_by_name("position").unwrap(),
        &positions(&[0, 2, 4])
    );
    assert!(batch.column_by_name("product").is_none());
}

#[tokio::test]
async fn late_rows_have_a_file_of_their_own_only_in_tables_by_arrival_hour() {
    let storage = Storage::in_memory();
    let rows = event_rows(
        &[
            (Some("a"), 10 * HOUR_US, 10 * HOUR_US),
            (Some("a"), HOUR_US, 10 * HOUR_US),
        ],
        0,
    );
    for (partition_by, expected) in [
        (&["product", "arrival_hour"][..], 2),
        (&["product"], 1),
        (&[], 1),
    ] {
        let mut table = events();
        table.partition_by = partition_by.iter().map(|&c| c.to_owned()).collect();
        let files = write(&table, &[rows.clone(), rows.clone()], &NAMING, &storage)
            .await
            .unwrap();
        assert_eq!(files.len(), expected, "{partition_by:?}");
        assert_eq!(files.iter().map(|file| file.rows).sum::<i64>(), 4);
    }
}

#[tokio::test]
async fn rows_too_many_for_one_file_go_to_several() {
    let storage = Storage::in_memory();
    let rows: Vec<_> = (0..1000).map(|row| (Some("a"), row, 0)).collect();
    let batch = event_rows(&rows, 0);
    let limits = WriteLimits {
        file_memory_bytes: batch.get_array_memory_size() / 3,
        ..WriteLimits::encoding(2)
    };
    let files = write_with(&events(), &[batch], &NAMING, &storage, &limits)
        .await
        .unwrap();
    assert!(files.len() >= 3, "{} files", files.len());
    assert_eq!(files.iter().map(|file| file.rows).sum::<i64>(), 1000);
    let paths: BTreeSet<_> = files.iter().map(|file| &file.path).collect();
    assert_eq!(paths.len(), files.len());
}

#[tokio::test]
async fn ciphertext_is_stored_as_it_is() {
    let storage = Storage::in_memory();
    let archive = table(
        TableKind::Archive,
        vec![
            Field::new("source", DataType::Utf8, false),
            Field::new("value", DataType::Binary, true),
            Field::new("position", position_type(), false),
        ],
        &[],
    );
    let batch = RecordBatch::try_new(
        archive.schema.clone(),
        vec![
            Arc::new(StringArray::from(vec!["mobile", "mobile"])),
            Arc::new(BinaryArray::from(vec![Some(b"x".as_slice()), None])),
            positions(&[0, 1]),
        ],
    )
    .unwrap();
    let files = write(&archive, &[batch], &NAMING, &storage).await.unwrap();
    assert!(!files[0].path.contains('/'));
    assert!(!files[0].ranges.contains_key("value"));
    let bytes = bytes_of(&storage, &files[0]).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let of = |name: &str| {
        columns
            .iter()
            .find(|c| c.column_path().string() == name)
            .unwrap()
    };
    assert_eq!(of("value").compression(), Compression::UNCOMPRESSED);
    assert!(of("value").statistics().is_none());
    assert!(of("value").dictionary_page_offset().is_none());
    assert!(of("source").dictionary_page_offset().is_some());
    assert!(of("position.offset").dictionary_page_offset().is_none());
}

#[tokio::test]
async fn no_rows_make_no_file_and_a_missing_column_is_named() {
    let storage = Storage::in_memory();
    let empty = event_rows(&[], 0);
    assert!(
        write(&events(), &[empty], &NAMING, &storage)
            .await
            .unwrap()
            .is_empty()
    );
    let batch = event_rows(&[(None, 0, 0)], 0)
        .project(&[0, 1, 2, 3])
        .unwrap();
    let error = write(&events(), &[batch], &NAMING, &storage)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no column position"), "{error}");
}
