//! What a checkpoint carries, and what is left without one.

use std::collections::BTreeSet;

use bytes::Bytes;
use common::{Kind, clock};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::replay::Replay;
use super::tests::{first, log_of};
use super::{checkpoint_writer, log, snapshot};
use crate::storage::{FaultPlan, Storage};

const DAY_MS: i64 = 24 * 3600 * 1000;

fn add(path: &str, partition: Option<&str>, stats: Option<&str>) -> String {
    let add = json!({"add": {
        "path": path, "partitionValues": {"p": partition}, "size": 3, "modificationTime": 4,
        "dataChange": true, "stats": stats,
    }});
    add.to_string()
}

fn rows(rows: i64) -> String {
    json!({"numRecords": rows, "minValues": {"name": "a\"b\n"}, "nullCount": {"name": 0}})
        .to_string()
}

fn remove(path: &str, at_ms: Option<i64>) -> String {
    let remove = json!({"path": path, "deletionTimestamp": at_ms, "dataChange": true});
    json!({"remove": remove}).to_string()
}

/// A log that has all that a log of Headwater's can have.
async fn full_log() -> Storage {
    let now_ms = clock::now_us() / 1000;
    log_of(&[
        first(|line| {
            if let Some(meta_data) = &mut line.meta_data {
                meta_data.description = Some("every commit".to_owned());
            }
        }),
        vec![
            add("p=x/a%20b.parquet", Some("x"), Some(&rows(2))),
            add("null.parquet", None, Some(&rows(3))),
            add("unknown.parquet", Some(""), None),
            add("gone.parquet", None, Some(&rows(4))),
            add("long-gone.parquet", None, Some(&rows(5))),
            json!({"txn": {"appId": "headwater", "version": 6, "lastUpdated": 7}}).to_string(),
            json!({"txn": {"appId": "another", "version": 1}}).to_string(),
        ],
        vec![
            remove("gone.parquet", Some(now_ms - 6 * DAY_MS)),
            remove("long-gone.parquet", Some(now_ms - 8 * DAY_MS)),
            remove("nobody-knows-when.parquet", None),
            json!({"txn": {"appId": "headwater", "version": 8, "lastUpdated": 9}}).to_string(),
        ],
    ])
    .await
}

async fn delete_entries(storage: &Storage, versions: std::ops::RangeInclusive<i64>) {
    for version in versions {
        let entry = log::entry_path("t", version);
        storage.store().delete(&entry).await.unwrap();
    }
}

async fn replay(storage: &Storage, version: i64) -> Replay {
    let (replay, _) = snapshot::replay(storage, "t", version).await.unwrap();
    replay
}

async fn file(storage: &Storage, path: &Path) -> Bytes {
    storage.get_file(path).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_checkpoint_carries_all_that_the_log_says() {
    let storage = full_log().await;
    let mut before = replay(&storage, 2).await;
    checkpoint_writer::create(&storage, "t", 2).await.unwrap();
    delete_entries(&storage, 0..=2).await;
    let after = replay(&storage, 2).await;

    assert_eq!(after.protocol, before.protocol);
    assert_eq!(after.meta_data, before.meta_data);
    assert_eq!(after.meta_data.unwrap().created_time, Some(5));
    assert_eq!(after.txns, before.txns);
    assert_eq!(after.txns["headwater"].last_updated, Some(9));
    assert_eq!(after.txns["another"].last_updated, None);

    for add in before.adds.values_mut() {
        add.data_change = false;
    }
    assert_eq!(after.adds, before.adds);
    assert_eq!(after.adds["null.parquet"].partition_values["p"], None);
    assert_eq!(after.adds["unknown.parquet"].stats, None);

    let removed: Vec<_> = after.removes.keys().map(|path| &**path).collect();
    assert_eq!(removed, ["gone.parquet"]);
    let gone = &after.removes["gone.parquet"];
    let before = before.removes["gone.parquet"].deletion_timestamp;
    assert_eq!((gone.deletion_timestamp, gone.data_change), (before, false));
}

#[tokio::test]
async fn the_pointer_tells_what_the_checkpoint_holds() {
    let storage = full_log().await;
    checkpoint_writer::create(&storage, "t", 2).await.unwrap();
    let bytes = file(&storage, &log::checkpoint_path("t", 2)).await;
    let pointer = file(&storage, &log::last_checkpoint_path("t")).await;
    let pointer: Value = serde_json::from_slice(&pointer).unwrap();
    // The protocol, the metadata, two applications, three files, one that was taken out.
    let expected = json!({
        "version": 2, "size": 8, "sizeInBytes": bytes.len(), "numOfAddFiles": 3,
    });
    assert_eq!(pointer, expected);
    let checkpoint = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    assert_eq!(checkpoint.metadata().file_metadata().num_rows(), 8);
}

#[tokio::test]
async fn a_second_checkpoint_needs_no_log_before_the_first() {
    let storage = full_log().await;
    checkpoint_writer::create(&storage, "t", 2).await.unwrap();
    delete_entries(&storage, 0..=2).await;
    let lines = [
        add("new.parquet", Some("y"), Some(&rows(1))),
        remove("null.parquet", Some(clock::now_us() / 1000)),
        // A file that was taken out comes back.
        add("gone.parquet", None, Some(&rows(4))),
    ];
    log::put_version(&storage, "t", 3, lines.join("\n").into()).await;
    checkpoint_writer::create(&storage, "t", 3).await.unwrap();
    delete_entries(&storage, 3..=3).await;
    let first = log::checkpoint_path("t", 2);
    storage.store().delete(&first).await.unwrap();

    let after = replay(&storage, 3).await;
    let paths: BTreeSet<_> = after.adds.keys().map(|path| &**path).collect();
    let expected = [
        "gone.parquet",
        "new.parquet",
        "p=x/a b.parquet",
        "unknown.parquet",
    ];
    assert_eq!(paths, expected.into());
    let removed: Vec<_> = after.removes.keys().map(|path| &**path).collect();
    assert_eq!(removed, ["null.parquet"]);
    assert_eq!(after.txns["headwater"].version, 8);
}

#[tokio::test]
async fn more_files_than_one_batch_are_all_there() {
    let files = 2 * 8192 + 5;
    let adds = (0..files).map(|n| add(&format!("{n}.parquet"), Some("x"), Some(&rows(n))));
    let storage = log_of(&[first(|_| {}), adds.collect()]).await;
    let before = snapshot::load(&storage, "t", 1).await.unwrap();
    checkpoint_writer::create(&storage, "t", 1).await.unwrap();
    delete_entries(&storage, 0..=1).await;
    let after = snapshot::load(&storage, "t", 1).await.unwrap();
    assert_eq!(after.files.len(), files as usize);
    assert_eq!(after.files, before.files);
}

#[tokio::test]
async fn a_pointer_without_its_checkpoint_breaks_nothing() {
    let storage = full_log().await;
    checkpoint_writer::create(&storage, "t", 1).await.unwrap();
    delete_entries(&storage, 0..=1).await;
    for pointer in [
        r#"{"version":2,"size":8}"#,
        r#"{"version":9,"size":8}"#,
        "{",
    ] {
        let path = log::last_checkpoint_path("t");
        storage.put_file(&path, pointer).await;
        let loaded = replay(&storage, 2).await;
        assert_eq!(loaded.adds.len(), 3, "{pointer}");
        let listing = log::list(&storage, "t").await.unwrap();
        assert_eq!(listing.latest(), Some(2), "{pointer}");
    }
}

#[tokio::test]
async fn a_version_before_the_last_checkpoint_is_read_from_the_one_before() {
    let storage = full_log().await;
    checkpoint_writer::create(&storage, "t", 1).await.unwrap();
    checkpoint_writer::create(&storage, "t", 2).await.unwrap();
    delete_entries(&storage, 0..=1).await;
    assert_eq!(replay(&storage, 1).await.adds.len(), 5);
    assert_eq!(replay(&storage, 2).await.adds.len(), 3);
}

#[tokio::test]
async fn a_checkpoint_that_is_not_put_has_no_pointer() {
    for fault in ["before-put", "after-put"] {
        let plan = FaultPlan::parse(&format!("{fault}:*.checkpoint.parquet=error")).unwrap();
        let storage = full_log().await.with_faults(plan);
        let failed = checkpoint_writer::create(&storage, "t", 2).await;
        assert_eq!(failed.unwrap_err().kind, Kind::Unavailable);
        assert!(log::last_checkpoint(&storage, "t").await.unwrap().is_none());
        assert_eq!(replay(&storage, 2).await.adds.len(), 3);
        checkpoint_writer::create(&storage, "t", 2).await.unwrap();
        assert_eq!(replay(&storage, 2).await.adds.len(), 3);
    }
}

#[tokio::test]
async fn a_file_without_statistics_is_refused_by_name_and_never_has_zero_rows() {
    let storage = full_log().await;
    for _ in 0..2 {
        let error = snapshot::load(&storage, "t", 2).await.unwrap_err();
        assert_eq!(error.kind, Kind::Data);
        let message = error.to_string();
        assert!(
            message.contains("file unknown.parquet: there are no statistics"),
            "{message}"
        );
        checkpoint_writer::create(&storage, "t", 2).await.unwrap();
    }
}

#[tokio::test]
async fn a_deletion_vector_is_not_lost_in_a_checkpoint() {
    let mut vector: Value = serde_json::from_str(&add("a", None, Some(&rows(2)))).unwrap();
    vector["add"]["deletionVector"] = json!({"storageType": "u"});
    let storage = log_of(&[first(|_| {}), vec![vector.to_string()]]).await;
    let error = checkpoint_writer::create(&storage, "t", 1)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    assert!(error.to_string().contains("deletion vector"), "{error}");
}
