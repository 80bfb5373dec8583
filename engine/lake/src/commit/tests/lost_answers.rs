//! Puts that fail, and puts that land but whose answer gets lost.

use std::sync::Arc;

use object_store::memory::InMemory;

use super::fixture::{check, commit, open};
use super::sim_store::{Fate, Process};

#[tokio::test]
async fn every_put_may_fail_once_and_lose_its_answer_once() {
    let inner = Arc::new(InMemory::new());
    let process = Process::on(
        &inner,
        Box::new(|put, _| match put % 3 {
            0 => Fate::FailsBefore,
            1 => Fate::FailsAfterLanding,
            _ => Fate::Fine,
        }),
    );
    let (mut committer, _) = open(&process.storage).await.unwrap();
    let mut known = Vec::new();
    for group in 0..5 {
        let ids: Vec<i64> = (group * 4..group * 4 + 4).collect();
        let committed = commit(&mut committer, &process.storage, &ids)
            .await
            .unwrap();
        assert_eq!(committed.group, group + 1);
        known.extend(ids);
    }
    let (_, recovered) = open(&process.storage).await.unwrap();
    check(&process.storage, &recovered, &known).await;
}

/// A link may be there although the sync of its folder failed: only another put, which syncs what
/// it finds, makes sure of it.
#[tokio::test]
async fn an_entry_whose_sync_failed_after_it_got_its_name_is_put_again_before_it_counts() {
    for entry in [
        "system/commits/_delta_log/00000000000000000001.json",
        "events/_delta_log/00000000000000000001.json",
    ] {
        let inner = Arc::new(InMemory::new());
        let mut failed = false;
        let process = Process::on(
            &inner,
            Box::new(move |_, path| {
                if path == entry && !failed {
                    failed = true;
                    return Fate::FailsAfterLanding;
                }
                Fate::Fine
            }),
        );
        let (mut committer, _) = open(&process.storage).await.unwrap();
        commit(&mut committer, &process.storage, &[0, 1])
            .await
            .unwrap();
        let puts = process.puts.lock().clone();
        assert_eq!(puts.iter().filter(|path| *path == entry).count(), 2);
        let (_, recovered) = open(&process.storage).await.unwrap();
        check(&process.storage, &recovered, &[0, 1]).await;
    }
}
