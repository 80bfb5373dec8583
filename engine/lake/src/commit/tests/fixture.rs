//! Two small tables, groups for them, and the reading back of what they hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use common::{OffsetKey, Result, TableDef, TableKind, TopicPartition};
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::{
    Committed, Committer, GroupDraft, Incarnation, PartitionCount, Recovered, RecoveredTable,
    WriterId,
};
use crate::delta::log;
use crate::parquet_files::write;
use crate::storage::Storage;

pub(super) const HOUR_US: i64 = 3_600_000_000;

pub(super) fn table(name: &str) -> TableDef {
    let utc = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    TableDef {
        name: Arc::from(name),
        location: name.to_owned(),
        kind: TableKind::Events,
        schema: Arc::new(Schema::new(vec![
            Field::new("product", DataType::Utf8, true),
            Field::new("id", DataType::Int64, false),
            Field::new("event_time", utc(), true),
            Field::new("hour", utc(), true),
            Field::new("arrival_hour", utc(), false),
        ])),
        partition_by: vec!["product".to_owned(), "arrival_hour".to_owned()],
        comment: None,
    }
}

pub(super) fn tables() -> Vec<TableDef> {
    vec![table("events"), table("dead_letters")]
}

/// Rows with these ids, of two products.
pub(super) fn rows(table: &TableDef, ids: &[i64]) -> RecordBatch {
    let time = |us: &dyn Fn(i64) -> i64| {
        let times: Vec<i64> = ids.iter().map(|id| us(*id)).collect();
        Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")) as ArrayRef
    };
    let products = ids.iter().map(|id| match id % 3 {
        0 => Some("browser"),
        1 => Some("a b/ü"),
        _ => None,
    });
    RecordBatch::try_new(
        table.schema.clone(),
        vec![
            Arc::new(StringArray::from_iter(products)),
            Arc::new(Int64Array::from(ids.to_vec())),
            time(&|id| 100 * HOUR_US + id),
            time(&|_| 100 * HOUR_US),
            time(&|id| (100 + id % 2) * HOUR_US),
        ],
    )
    .unwrap()
}

pub(super) fn partition() -> TopicPartition {
    TopicPartition {
        topic: Arc::from("mobile-logs"),
        incarnation: 0,
        partition: 3,
    }
}

pub(super) fn offset_key() -> OffsetKey {
    OffsetKey {
        pipeline: Arc::from("mobile_events"),
        at: partition(),
    }
}

pub(super) async fn open(storage: &Storage) -> Result<(Committer, Recovered)> {
    Committer::open(storage.clone(), &tables(), WriterId::unique()).await
}

/// Writes the files of a group, two tables with these ids each, and commits it.
pub(super) async fn commit(
    committer: &mut Committer,
    storage: &Storage,
    ids: &[i64],
) -> Result<Committed> {
    let draft = draft(committer, storage, ids).await?;
    committer.commit(draft).await
}

pub(super) async fn draft(
    committer: &Committer,
    storage: &Storage,
    ids: &[i64],
) -> Result<GroupDraft> {
    let mut files = Vec::new();
    for table in tables() {
        let rows = rows(&table, ids);
        files.push((
            table.name.clone(),
            write(&table, &[rows], &committer.naming(), storage).await?,
        ));
    }
    let next = ids.iter().max().map_or(0, |id| id + 1);
    Ok(GroupDraft {
        tables: files,
        offsets: BTreeMap::from([(offset_key(), next)]),
        incarnations: vec![Incarnation {
            topic: Arc::from("mobile-logs"),
            topic_id: Arc::from("AbC"),
            incarnation: 0,
        }],
        counts: vec![PartitionCount {
            source: Arc::from("mobile"),
            pipeline: Arc::from("mobile_events"),
            at: partition(),
            records: ids.len() as i64,
            opened: ids.len() as i64,
            elements: ids.len() as i64,
            events: ids.len() as i64,
            dead_letters: ids.len() as i64,
            filtered: 0,
        }],
        configuration_hash: "c1".to_owned(),
        last_entries: BTreeMap::from([(Arc::from("firsts"), next)]),
        ..GroupDraft::default()
    })
}

/// The ids that a table's active files hold, sorted, duplicates kept.
pub(super) async fn ids(storage: &Storage, name: &str, table: &RecoveredTable) -> Vec<i64> {
    let mut ids = Vec::new();
    for file in &table.files {
        let path = Path::from(format!("{name}/{}", file.path));
        let bytes = storage.get_file(&path).await.unwrap().unwrap();
        assert_eq!(bytes.len() as i64, file.size);
        let before = ids.len();
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)
            .unwrap()
            .build()
            .unwrap()
        {
            let batch = batch.unwrap();
            let column = batch.column_by_name("id").unwrap();
            ids.extend(column.as_primitive::<Int64Type>().values());
        }
        assert_eq!((ids.len() - before) as i64, file.rows);
    }
    ids.sort_unstable();
    ids
}

/// Checks that both tables hold exactly these ids, and that their logs are versions 0, 1, … of
/// growing groups.
pub(super) async fn check(storage: &Storage, recovered: &Recovered, expected: &[i64]) {
    for table in tables() {
        let found = &recovered.tables[&table.name];
        assert_eq!(
            ids(storage, &table.name, found).await,
            expected,
            "{}",
            table.name
        );
        let mut last_group = -1;
        for version in 0..=found.version {
            let lines = log::read_version(storage, &table.location, version)
                .await
                .unwrap()
                .unwrap();
            let group = log::group_of(&lines).unwrap();
            assert!(group > last_group && group <= recovered.group);
            last_group = group;
        }
        let beyond = log::read_version(storage, &table.location, found.version + 1).await;
        assert!(beyond.unwrap().is_none());
    }
}
