//! Two Headwaters on one storage, and somebody who is none.

use std::sync::Arc;

use bytes::Bytes;
use common::{Kind, LedgerDef, OrderTerm, TableKind};
use object_store::memory::InMemory;

use super::super::{Committer, WriterId};
use super::fixture::{check, commit, draft, open, table, tables};
use super::sim_store::Process;
use crate::delta::log;
use crate::delta::log::PutOutcome;
use crate::storage::Storage;

#[tokio::test]
async fn a_fenced_writer_names_the_epoch_and_touches_nothing() {
    let inner = Arc::new(InMemory::new());
    let (a, b) = (
        Process::without_faults(&inner),
        Process::without_faults(&inner),
    );
    let (mut first, _) = open(&a.storage).await.unwrap();
    commit(&mut first, &a.storage, &[0, 1]).await.unwrap();
    let late = draft(&first, &a.storage, &[2, 3]).await.unwrap();

    first.check_epoch().await.unwrap();
    let (mut second, recovered) = open(&b.storage).await.unwrap();
    assert_eq!(recovered.epoch, 2);
    assert_eq!(first.check_epoch().await.unwrap_err().kind, Kind::Conflict);
    second.check_epoch().await.unwrap();
    assert!(recovered.previous_writer.is_some());
    a.puts.lock().clear();
    let error = first.commit(late).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.to_string().contains("fenced"), "{error}");
    assert!(error.to_string().contains("epoch 2"), "{error}");
    for path in a.puts.lock().iter() {
        assert!(path.starts_with("system/commits/"), "{path}");
    }

    // The winner reads the same records again and goes on; what the loser left is swept.
    commit(&mut second, &b.storage, &[2, 3]).await.unwrap();
    let swept = second.sweeper().sweep_unreferenced().await;
    assert!(swept.files > 0 && swept.failed.is_empty());
    let again = second.sweeper().sweep_unreferenced().await;
    assert_eq!(again.files, 0);
    let (_, recovered) = open(&b.storage).await.unwrap();
    check(&b.storage, &recovered, &[0, 1, 2, 3]).await;
}

#[tokio::test]
async fn of_two_that_start_at_once_one_goes_on() {
    let inner = Arc::new(InMemory::new());
    let (a, b) = (
        Process::without_faults(&inner),
        Process::without_faults(&inner),
    );
    let (first, second) = tokio::join!(open(&a.storage), open(&b.storage));
    let (mut first, mut second) = (first.unwrap().0, second.unwrap().0);
    assert_ne!(first.epoch(), second.epoch());
    let outcomes = [
        commit(&mut first, &a.storage, &[1]).await,
        commit(&mut second, &b.storage, &[1]).await,
    ];
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    let (_, recovered) = open(&a.storage).await.unwrap();
    check(&a.storage, &recovered, &[1]).await;
}

async fn put_foreign(storage: &Storage, location: &str, version: i64) {
    let bytes = Bytes::from_static(b"{\"commitInfo\":{\"operation\":\"WRITE\"}}\n");
    let put = log::put_version(storage, location, version, bytes).await;
    assert!(matches!(put, PutOutcome::Landed));
}

#[tokio::test]
async fn a_foreign_commit_to_a_table_stops_the_flow_and_is_named() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    put_foreign(&storage, "events", 1).await;
    let error = commit(&mut committer, &storage, &[1]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    assert!(
        error
            .to_string()
            .contains("events/_delta_log/00000000000000000001.json"),
        "{error}"
    );
    // The group stays committed; a start finds the same stranger.
    let error = open(&storage).await.unwrap_err();
    assert_eq!(error.kind, Kind::Data);
}

#[tokio::test]
async fn a_foreign_version_beyond_the_pinned_one_is_found_at_start() {
    let storage = Storage::in_memory();
    open(&storage).await.unwrap();
    put_foreign(&storage, "events", 1).await;
    let error = open(&storage).await.unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    assert!(
        error.to_string().contains("table events has version 1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_foreign_commit_to_the_sequence_stops_the_flow() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    put_foreign(&storage, "system/commits", 1).await;
    let error = commit(&mut committer, &storage, &[1]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    assert!(
        error.to_string().contains("version 1 of system.commits"),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_that_differs_is_refused_before_anybody_is_fenced() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    let mut moved = tables();
    moved[0].location = "elsewhere".to_owned();
    let mut repartitioned = tables();
    repartitioned[0].partition_by.pop();
    let mut nested = tables();
    nested.push(table("more"));
    nested[2].location = "events/more".to_owned();
    let mut reserved = tables();
    reserved.push(table("more"));
    reserved[2].location = "cache/more".to_owned();
    let mut occupied = tables();
    occupied.push(table("more"));
    put_foreign(&storage, "more", 0).await;
    let mut littered = tables();
    littered.push(table("others"));
    let others = object_store::path::Path::from("others/of/somebody.csv");
    storage.put_file(&others, Bytes::from_static(b"1")).await;
    let mut of_another_kind = tables();
    of_another_kind[1].kind = TableKind::Ledger(LedgerDef {
        key: vec!["product".to_owned()],
        order: vec![OrderTerm::Received],
    });
    for (tables, expected) in [
        (
            of_another_kind,
            "stored as a table, and declared as a ledger",
        ),
        (littered, "such as others/of/somebody.csv"),
        (moved, "stored in events, declared in elsewhere"),
        (
            repartitioned,
            "stored partitioned by (product, arrival_hour)",
        ),
        (nested, "lie in each other"),
        (reserved, "cache of the engine lie in each other"),
        (occupied, "already holds files"),
    ] {
        let opened = Committer::open(storage.clone(), &tables, WriterId::unique()).await;
        let error = opened.err().unwrap();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.to_string().contains(expected), "{error}");
    }
    commit(&mut committer, &storage, &[1]).await.unwrap();
}

#[tokio::test]
async fn a_new_table_in_the_folder_of_one_no_longer_declared_is_refused() {
    let storage = Storage::in_memory();
    let mut before = tables();
    before.push(table("old"));
    Committer::open(storage.clone(), &before, WriterId::unique())
        .await
        .unwrap();
    // The old table keeps its pin, hence its folder is swept: the new one's files would go.
    let mut after = tables();
    after.push(table("new"));
    for location in ["old", "old/new"] {
        after[2].location = location.to_owned();
        let opened = Committer::open(storage.clone(), &after, WriterId::unique()).await;
        let error = opened.err().unwrap();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(
            error.to_string().contains("stored but no longer declared"),
            "{error}"
        );
    }
    after[2].location = "new".to_owned();
    Committer::open(storage.clone(), &after, WriterId::unique())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_draft_that_goes_back_is_refused() {
    let storage = Storage::in_memory();
    let (mut committer, _) = open(&storage).await.unwrap();
    commit(&mut committer, &storage, &[9]).await.unwrap();
    let error = commit(&mut committer, &storage, &[4]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(error.to_string().contains("back from 10 to 5"), "{error}");

    let (mut committer, _) = open(&storage).await.unwrap();
    let mut late = draft(&committer, &storage, &[20]).await.unwrap();
    late.last_entries = [(Arc::from("firsts"), 9)].into();
    let error = committer.commit(late).await.unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(
        error
            .to_string()
            .contains("ledger firsts back from 10 to 9"),
        "{error}"
    );

    // Another ledger has numbers of its own, and leaves those alone.
    let (mut committer, _) = open(&storage).await.unwrap();
    let mut other = draft(&committer, &storage, &[20]).await.unwrap();
    other.last_entries = [(Arc::from("seconds"), 1)].into();
    committer.commit(other).await.unwrap();
    let (_, recovered) = open(&storage).await.unwrap();
    let expected = [(Arc::from("firsts"), 10), (Arc::from("seconds"), 1)];
    assert_eq!(recovered.last_entries, expected.into());
}
