//! The committer's loop on a storage that fails, and beside another writer.

use lake::commit::{Recovered, WriterId, commits_table};
use lake::storage::FaultPlan;
use state::{FileIndex, MicroBatch, Publisher, TableState};
use tokio::runtime::Handle;

use super::*;
use crate::flow::ledgers::Ledgers;

async fn committer(storage: &Storage) -> (Committer, Recovered) {
    Committer::open(storage.clone(), &[], WriterId::unique())
        .await
        .unwrap()
}

fn published(recovered: &Recovered) -> Published {
    let commits = TableState::new(commits_table(), FileIndex::default());
    Published {
        group: recovered.group,
        last_entries: recovered.last_entries.clone(),
        ..Published::of_tables([commits])
    }
}

async fn commit_loop(storage: &Storage) -> CommitLoop {
    let (committer, recovered) = committer(storage).await;
    let publisher = Arc::new(Publisher::new(published(&recovered)));
    let ledgers = Ledgers::new(Vec::new(), storage.clone(), "test".into(), BTreeMap::new());
    let shared = Shared::new(publisher, ledgers, usize::MAX, Handle::current());
    CommitLoop {
        shared: Arc::new(shared),
        committer,
        storage: storage.clone(),
        maintainer: Arc::new(tokio::sync::Mutex::new(Maintainer::new(
            storage.clone(),
            100,
        ))),
        rhythm: CommitRhythm {
            interval: Duration::from_millis(1),
            bytes: usize::MAX,
        },
        write_limits: WriteLimits::default(),
        configuration_hash: String::new(),
        key_version: String::new(),
    }
}

#[tokio::test]
async fn an_idle_writer_outlives_a_read_that_fails_and_still_notices_another_one() {
    let next = "before-get:system/commits/_delta_log/00000000000000000001.json";
    let faults = format!("{next}:1=error;{next}:2=error");
    let storage = Storage::in_memory().with_faults(FaultPlan::parse(&faults).unwrap());
    let mut idle = commit_loop(&storage).await;
    let error = idle.committer.check_epoch().await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    idle.commit().await.unwrap();
    idle.committer.check_epoch().await.unwrap();

    let (_other, _) = committer(&storage).await;
    let (_tell, stop) = watch::channel(false);
    let fenced = idle.run(stop).await.unwrap_err();
    assert_eq!(fenced.kind, Kind::Conflict);
}

#[tokio::test]
async fn a_group_has_the_dimension_versions_of_its_own_cut() {
    let storage = Storage::in_memory();
    let flow = commit_loop(&storage).await;
    let publish = |version: &str| {
        let versions = BTreeMap::from([("products".to_owned(), version.to_owned())]);
        let added = MicroBatch {
            dimension_versions: Some(versions),
            ..MicroBatch::default()
        };
        flow.shared.publisher.publish(added, 0).unwrap()
    };
    let cut = publish("7");
    publish("8");
    let version = |state: &Published| {
        let draft = flow.draft(state, Vec::new());
        draft.dimension_versions["products"].clone()
    };
    assert_eq!(version(&cut), "7");
    assert_eq!(version(&flow.shared.publisher.current()), "8");
    // What says nothing of dimensions, such as time passing, leaves them.
    let later = flow
        .shared
        .publisher
        .publish(MicroBatch::default(), 0)
        .unwrap();
    assert_eq!(version(&later), "8");
}
