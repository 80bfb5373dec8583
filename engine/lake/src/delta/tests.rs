//! Logs that Headwater must not read as its own.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use common::{Kind, TableDef, TableKind};

use super::actions::ActionLine;
use super::{log, new_table_actions, snapshot};
use crate::storage::Storage;

const ADD: &str = r#"{"add":{"path":"a%20b.parquet","partitionValues":{"p":null},"size":3,"modificationTime":4,"dataChange":true,"stats":"{\"numRecords\":2}"}}"#;

/// A table of these columns.
pub(super) fn table(fields: Vec<Field>) -> TableDef {
    TableDef {
        name: Arc::from("t"),
        location: "t".to_owned(),
        kind: TableKind::Events,
        schema: Arc::new(Schema::new(fields)),
        partition_by: vec![],
        comment: None,
    }
}

fn new_table() -> Vec<ActionLine> {
    let table = TableDef {
        kind: TableKind::Commits,
        partition_by: vec!["p".to_owned()],
        ..table(vec![Field::new("p", DataType::Utf8, true)])
    };
    new_table_actions(&table, 5).unwrap().into()
}

/// A log whose entries hold these lines.
pub(super) async fn log_of(entries: &[Vec<String>]) -> Storage {
    let storage = Storage::in_memory();
    for (version, lines) in entries.iter().enumerate() {
        let bytes = Bytes::from(lines.join("\n"));
        log::put_version(&storage, "t", version as i64, bytes).await;
    }
    storage
}

/// The lines of version 0, changed.
pub(super) fn first(change: impl Fn(&mut ActionLine)) -> Vec<String> {
    new_table()
        .into_iter()
        .map(|mut line| {
            change(&mut line);
            serde_json::to_string(&line).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn adds_and_removes_leave_the_active_files() {
    let remove = r#"{"remove":{"path":"a%20b.parquet","dataChange":true}}"#;
    let storage = log_of(&[first(|_| {}), vec![ADD.into()], vec![remove.into()]]).await;
    let at = |version| snapshot::load(&storage, "t", version);
    let one = at(1).await.unwrap();
    assert_eq!(&*one.files[0].path, "a b.parquet");
    assert_eq!((one.files[0].rows, one.latest_version), (2, 2));
    let two = at(2).await.unwrap();
    assert!(two.files.is_empty());
    assert!(two.knows("a b.parquet"));
    assert_eq!(two.meta_data.configuration["delta.appendOnly"], "true");
}

#[tokio::test]
async fn what_asks_for_more_is_refused_by_name() {
    let features = first(|line| {
        if let Some(protocol) = &mut line.protocol {
            protocol.min_reader_version = 3;
            protocol.min_writer_version = 7;
            protocol.reader_features = Some(vec!["deletionVectors".to_owned()]);
        }
    });
    let newer = first(|line| {
        if let Some(meta_data) = &mut line.meta_data {
            meta_data
                .configuration
                .insert("headwater.format".to_owned(), "2".to_owned());
        }
    });
    let vector = ADD.replace(
        "\"size\"",
        "\"deletionVector\":{\"storageType\":\"u\"},\"size\"",
    );
    for (entries, expected) in [
        (vec![features], "features: deletionVectors"),
        (vec![newer], "headwater.format 2"),
        (vec![first(|_| {}), vec![vector]], "deletion vector"),
        (
            vec![first(|_| {}), vec!["{".to_owned()]],
            "log entry t/_delta_log/00000000000000000001.json",
        ),
        (vec![vec![ADD.into()]], "no protocol"),
    ] {
        let storage = log_of(&entries).await;
        let error = snapshot::load(&storage, "t", entries.len() as i64 - 1)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Data, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_missing_entry_is_named() {
    let storage = log_of(&[first(|_| {})]).await;
    let error = snapshot::load(&storage, "t", 2).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("00000000000000000001.json is missing"),
        "{error}"
    );
}
