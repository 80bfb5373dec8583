//! A writer that dies at any put, and its successors.

use std::sync::Arc;

use object_store::memory::InMemory;

use super::fixture::{check, commit, offset_key, open};
use super::sim_store::{Fate, Process, Script};

/// What is known of a run: the ids whose commit was reported, and those that may be there.
struct Outcome {
    reported: Vec<i64>,
    in_doubt: Vec<i64>,
}

/// Opens and commits three groups, with ids from `first` on, until the process crashes.
async fn run(process: &Process, first: i64) -> Outcome {
    let mut outcome = Outcome {
        reported: Vec::new(),
        in_doubt: Vec::new(),
    };
    let Some(opened) = process.run(open(&process.storage)).await else {
        return outcome;
    };
    let (mut committer, _) = opened.unwrap();
    for group in 0..3 {
        let ids: Vec<i64> = (0..4).map(|id| first + group * 4 + id).collect();
        match process
            .run(commit(&mut committer, &process.storage, &ids))
            .await
        {
            Some(committed) => {
                committed.unwrap();
                outcome.reported.extend(ids);
            }
            None => {
                outcome.in_doubt = ids;
                break;
            }
        }
    }
    outcome
}

/// What the storage holds, told by a successor that meets no fault; the ids in doubt are either
/// all there or none.
async fn settle(inner: &Arc<InMemory>, known: &mut Vec<i64>, outcome: Outcome) {
    let process = Process::without_faults(inner);
    let (_, recovered) = open(&process.storage).await.unwrap();
    known.extend(outcome.reported);
    let next = recovered.offsets.get(&offset_key()).copied().unwrap_or(0);
    if let Some(last) = outcome.in_doubt.last()
        && next > *last
    {
        known.extend(outcome.in_doubt);
    }
    assert_eq!(next, known.last().map_or(0, |last| last + 1));
    let last_entry = recovered.last_entries.get("firsts").copied();
    assert_eq!(last_entry.unwrap_or(0), next);
    check(&process.storage, &recovered, known).await;
}

fn dies_at(put: usize, fate: Fate) -> Script {
    Box::new(move |number, _| if number == put { fate } else { Fate::Fine })
}

#[tokio::test]
async fn a_crash_at_any_put_loses_nothing_and_doubles_nothing() {
    for fate in [Fate::CrashBefore, Fate::CrashAfterLanding] {
        for put in 0.. {
            let inner = Arc::new(InMemory::new());
            let process = Process::on(&inner, dies_at(put, fate));
            let outcome = run(&process, 0).await;
            let crashed = outcome.reported.len() < 12;
            let mut known = Vec::new();
            settle(&inner, &mut known, outcome).await;
            if !crashed {
                assert!(put > 30, "the run has {put} puts only");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_successor_that_crashes_while_rolling_forward_leaves_its_work_to_the_next() {
    // The first dies right after the commit point of its second group: no table has it.
    let first_crash = {
        let process = Process::without_faults(&Arc::new(InMemory::new()));
        run(&process, 0).await;
        let puts = process.puts.lock().clone();
        puts.iter()
            .position(|path| path.ends_with("commits/_delta_log/00000000000000000002.json"))
            .unwrap()
    };
    for fate in [Fate::CrashBefore, Fate::CrashAfterLanding] {
        for put in 0..6 {
            let inner = Arc::new(InMemory::new());
            let process = Process::on(&inner, dies_at(first_crash, Fate::CrashAfterLanding));
            let outcome = run(&process, 0).await;
            assert_eq!(outcome.in_doubt, [4, 5, 6, 7]);
            let second = Process::on(&inner, dies_at(put, fate));
            let _ = second.run(open(&second.storage)).await;
            let mut known = Vec::new();
            settle(&inner, &mut known, outcome).await;
            assert_eq!(known, [0, 1, 2, 3, 4, 5, 6, 7]);
        }
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[tokio::test]
async fn any_mix_of_faults_keeps_every_group_exactly_once() {
    let mut groups = 0;
    for seed in 0..16 {
        println!("seed {seed}");
        let inner = Arc::new(InMemory::new());
        let mut known: Vec<i64> = Vec::new();
        for life in 0..6 {
            let mut random = Random(seed * 1000 + life);
            let process = Process::on(
                &inner,
                Box::new(move |_, _| match random.next() % 100 {
                    0 => Fate::CrashBefore,
                    1 => Fate::CrashAfterLanding,
                    2..12 => Fate::FailsBefore,
                    12..22 => Fate::FailsAfterLanding,
                    _ => Fate::Fine,
                }),
            );
            let first = known.last().map_or(0, |last| last + 1);
            let outcome = run(&process, first).await;
            settle(&inner, &mut known, outcome).await;
        }
        groups += known.len() / 4;
    }
    assert!(groups > 80, "only {groups} groups of 288 were committed");
}

#[tokio::test]
async fn a_committer_whose_commit_was_cut_off_refuses_the_next() {
    let inner = Arc::new(InMemory::new());
    let process = Process::on(
        &inner,
        Box::new(|_, path| match path {
            "system/commits/_delta_log/00000000000000000001.json" => Fate::CrashBefore,
            _ => Fate::Fine,
        }),
    );
    let (mut committer, _) = open(&process.storage).await.unwrap();
    let cut = process
        .run(commit(
            &mut committer,
            &process.storage,
            &[1, 2, 3, 4, 5, 6],
        ))
        .await;
    assert!(cut.is_none());
    let error = commit(&mut committer, &process.storage, &[7])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("opened again"), "{error}");
}
