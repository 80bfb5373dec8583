//! Checkpoints, tables that come later, and the cost of a commit.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use common::partition_value::parse_partition_value;
use datafusion_common::ScalarValue;

use super::super::{COMMITS, Committer, GroupDraft, Maintainer, WriterId};
use super::fixture::{check, commit, draft, open, table, tables};
use crate::delta::{log, snapshot};
use crate::parquet_files::write;
use crate::storage::Storage;

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_loads_to_the_same_table_and_carries_the_group() {
    for storage in [Storage::in_memory(), folder().1] {
        let (mut committer, _) = open(&storage).await.unwrap();
        let mut maintainer = Maintainer::new(storage.clone(), 3);
        for id in 0..4 {
            commit(&mut committer, &storage, &[2 * id, 2 * id + 1])
                .await
                .unwrap();
        }
        let before = snapshot::load(&storage, "events", 4).await.unwrap();
        let done = maintainer.checkpoint_if_due(&committer.pins()).await;
        assert_eq!((done.made.len(), done.failed.len()), (3, 0), "{done:?}");
        let again = maintainer.checkpoint_if_due(&committer.pins()).await;
        assert!(again.made.is_empty() && again.failed.is_empty());

        let hint = log::last_checkpoint(&storage, "events")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(hint.version, 4);
        let listing = log::list(&storage, "events").await.unwrap();
        assert_eq!((listing.entries, listing.checkpoints), (vec![4], vec![4]));
        let after = snapshot::load(&storage, "events", 4).await.unwrap();
        assert_eq!(after.files, before.files);
        assert_eq!(after.group, Some(4));
        let [after, before] = [after.meta_data, before.meta_data];
        assert_eq!(after.schema_string, before.schema_string);
        assert_eq!(after.partition_columns, before.partition_columns);
        assert_eq!(after.configuration, before.configuration);

        commit(&mut committer, &storage, &[8, 9]).await.unwrap();
        let (_, recovered) = open(&storage).await.unwrap();
        check(&storage, &recovered, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
        assert_eq!(recovered.tables[COMMITS].files.len(), 5);
    }
}

fn folder() -> (Arc<tempfile::TempDir>, Storage) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let storage = Storage::open(folder.path().to_str().unwrap(), &Default::default()).unwrap();
    std::mem::forget(folder.clone());
    (folder, storage)
}

#[tokio::test]
async fn a_table_that_comes_later_starts_at_version_0_of_a_later_group() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    commit(&mut committer, &storage, &[0]).await.unwrap();
    let mut more = tables();
    more.push(table("more"));
    let (committer, recovered) = Committer::open(storage.clone(), &more, WriterId::unique())
        .await
        .unwrap();
    assert_eq!(recovered.tables["more"].version, 0);
    assert!(recovered.tables["more"].files.is_empty());
    assert_eq!(recovered.tables["events"].version, 1);
    assert_eq!(committer.next_group(), 3);
    // A table that is no longer declared keeps its pin.
    let (committer, recovered) = open(&storage).await.unwrap();
    assert!(!recovered.tables.contains_key("more"));
    assert_eq!(committer.pins()["more"].version, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_table_stops_neither_the_checkpoints_nor_the_sweep_of_the_others() {
    let storage = Storage::in_memory();
    let mut all = tables();
    all.push(table("a_broken_one"));
    let (mut first, _) = Committer::open(storage.clone(), &all, WriterId::unique())
        .await
        .unwrap();
    commit(&mut first, &storage, &[0]).await.unwrap();
    draft(&first, &storage, &[1]).await.unwrap();
    let entry = log::entry_path("a_broken_one", 0);
    storage.put_file(&entry, "no log entry").await;

    let (second, _) = open(&storage).await.unwrap();
    let swept = second.sweeper().sweep_unreferenced().await;
    assert!(swept.files > 0, "{swept:?}");
    assert_eq!(swept.failed.len(), 1);
    let message = swept.failed[0].to_string();
    assert!(message.starts_with("table a_broken_one: "), "{message}");

    let mut pins = second.pins();
    for pin in pins.values_mut() {
        // The broken one, too, has its turn.
        pin.version = pin.version.max(1);
    }
    let done = Maintainer::new(storage.clone(), 1)
        .checkpoint_if_due(&pins)
        .await;
    assert_eq!(done.made.len(), 3, "{done:?}");
    let failed: Vec<_> = done.failed.iter().map(|(name, _)| &**name).collect();
    assert_eq!(failed, ["a_broken_one"]);
}

/// What the calendar cannot name must not keep a group from being committed, at any start.
#[tokio::test(flavor = "multi_thread")]
async fn times_out_of_the_calendar_are_stored_and_come_back() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    let events = table("events");
    let odd = [
        -8_000_000_000_000_000_000,
        -62_135_596_800_000_001,
        0,
        8_000_000_000_000_000_000,
    ];
    let times = || {
        let times = TimestampMicrosecondArray::from(odd.to_vec()).with_timezone("UTC");
        Arc::new(times) as ArrayRef
    };
    let columns = vec![
        Arc::new(StringArray::from(vec!["browser"; odd.len()])) as ArrayRef,
        Arc::new(Int64Array::from_iter_values(0..odd.len() as i64)),
        times(),
        times(),
        times(),
    ];
    let rows = RecordBatch::try_new(events.schema.clone(), columns).unwrap();
    let files = write(&events, &[rows], &committer.naming(), &storage)
        .await
        .unwrap();
    let group = GroupDraft {
        tables: vec![(events.name.clone(), files)],
        ..GroupDraft::default()
    };
    committer.commit(group).await.unwrap();
    let done = Maintainer::new(storage.clone(), 1)
        .checkpoint_if_due(&committer.pins())
        .await;
    assert!(done.failed.is_empty(), "{done:?}");

    let (_, recovered) = open(&storage).await.unwrap();
    let hour = &events.partition_by[1];
    let stored = events.schema.field_with_name(hour).unwrap().data_type();
    let files = recovered.tables["events"].files.iter();
    let mut hours: Vec<_> = files
        .map(|file| {
            let text = file.partition_values[hour].as_deref().unwrap();
            parse_partition_value(text, stored).unwrap()
        })
        .collect();
    hours.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let expected = odd.map(|us| ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
    assert_eq!(hours, expected);
}
