//! Checkpoints, tables that come later, and the cost of a commit.

use std::sync::Arc;

use super::super::{COMMITS, Committer, Maintainer, WriterId};
use super::fixture::{check, commit, open, table, tables};
use crate::delta::{log, state};
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
        let before = state::load(&storage, "events", 4).await.unwrap();
        let made = maintainer
            .checkpoint_if_due(&committer.pins())
            .await
            .unwrap();
        assert_eq!(made.len(), 3, "{made:?}");
        let again = maintainer
            .checkpoint_if_due(&committer.pins())
            .await
            .unwrap();
        assert!(again.is_empty());

        let hint = log::last_checkpoint(&storage, "events")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(hint.version, 4);
        let listing = log::list(&storage, "events").await.unwrap();
        assert_eq!((listing.entries, listing.checkpoints), (vec![4], vec![4]));
        let after = state::load(&storage, "events", 4).await.unwrap();
        assert_eq!(after.files, before.files);
        assert_eq!(after.group, Some(4));
        assert_eq!(after.schema().unwrap(), before.schema().unwrap());

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
