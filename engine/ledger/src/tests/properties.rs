//! Any batching, order, replay, partitioning and crash gives the same balances.

use common::OrderTerm;
use proptest::prelude::*;

use super::fixture::*;
use crate::{CatchUp, Index, Ledger};

/// Events of few devices at few times, so that most of them tie; each at its own position.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (
        0..5_u8,
        prop::option::of(0..3_u8),
        0..4_i64,
        0..3_i64,
        prop::option::weighted(0.7, 0..3_u8),
        prop::sample::select(vec!["desk-logs", "mobile-logs"]),
        0..2_i32,
        0..3_i32,
    );
    prop::collection::vec(one, 1..40).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(
                |(
                    i,
                    (device, channel, received, event_time, tie, topic, incarnation, partition),
                )| Event {
                    device: format!("d{device}"),
                    channel: channel.map(|c| format!("c{c}")),
                    // Half of the times differ within a millisecond only.
                    received: HOUR + received / 2 * MS + received % 2,
                    event_time: HOUR - event_time * HOUR,
                    tie: tie.map(|tie| vec![tie; 8]),
                    topic,
                    incarnation,
                    partition,
                    offset: i as i64 / 2,
                    element: i as i32 % 2,
                },
            )
            .collect()
    })
}

/// How many events each call has.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..8_usize, 40)
}

/// Events cut into calls.
fn cut(mut events: Vec<Event>, cuts: &[usize]) -> Vec<Vec<Event>> {
    let mut calls = Vec::new();
    for cut in cuts {
        let rest = events.split_off((*cut).min(events.len()));
        calls.push(std::mem::replace(&mut events, rest));
    }
    calls.push(events);
    calls
}

/// The events in another order, cut into calls, with some calls made again later.
fn readings() -> impl Strategy<Value = (Vec<Event>, Vec<Vec<Event>>)> {
    events()
        .prop_flat_map(|events| {
            let cuts = cuts();
            let again = prop::collection::vec(any::<bool>(), 40);
            (
                Just(events.clone()),
                Just(events).prop_shuffle(),
                cuts,
                again,
            )
        })
        .prop_map(|(events, shuffled, cuts, again)| {
            let mut calls = Vec::new();
            for (call, again) in cut(shuffled, &cuts).into_iter().zip(again) {
                calls.push(call);
                if again {
                    calls.push(calls[calls.len() / 2].clone());
                }
            }
            (events, calls)
        })
}

fn post(world: &mut World, call: &[Event], filtered: bool) {
    if filtered {
        world.post_filtered(call);
    } else {
        world.post(call);
    }
}

proptest! {
    #[test]
    fn any_batching_order_and_replay_gives_the_same_balance(
        (events, calls) in readings(),
        filtered in any::<bool>(),
    ) {
        let mut world = World::new();
        for call in &calls {
            post(&mut world, call, filtered);
        }
        prop_assert_eq!(world.balance(), Balance::oracle(&events));
        prop_assert_eq!(world.ledger.index().len(), world.balance().credited.len());
    }

    #[test]
    fn a_ledger_by_event_time_is_as_independent((events, calls) in readings()) {
        use OrderTerm::{Channel, EventTime, Received, Tie};
        let mut world = World::of(&table(vec![EventTime, Received, Tie, Channel]));
        for call in &calls {
            world.post_filtered(call);
        }
        let oracle = Balance::oracle_by(&events, |e| (e.event_time, e.received));
        prop_assert_eq!(world.balance(), oracle);
    }

    /// A crash loses the entries that aren't committed; the index comes from a snapshot of an
    /// earlier commit and the entries since, and what came after the commit is read again, in other
    /// calls.
    #[test]
    fn a_crash_anywhere_gives_the_same_balance(
        (events, calls) in readings(),
        snapshot_at in 0..20_usize,
        commit_at in 0..20_usize,
        crash_at in 0..20_usize,
        recut in cuts(),
        filtered in any::<bool>(),
    ) {
        let (commit_at, crash_at) = (commit_at.max(snapshot_at), crash_at.max(commit_at));
        let mut world = World::new();
        let (mut frozen, mut committed) = (None, (Published::default(), 0, 1));
        for (i, call) in calls.iter().enumerate().take(crash_at + 1) {
            if i == snapshot_at {
                // Committed here, frozen later, when uncommitted entries are in the index too.
                world.ledger.entries_committed(world.ledger.next_entry() - 1);
            }
            post(&mut world, call, filtered);
            if i == commit_at {
                frozen = Some(world.ledger.freeze().unwrap());
                committed = (world.published.clone(), i + 1, world.ledger.next_entry());
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let (index, from) = match frozen {
            None => (Index::with_key(key(), usize::MAX), 0),
            Some(frozen) => {
                frozen.write(&path, "group 7").unwrap();
                let read = crate::read_snapshot(&path, usize::MAX, |_| true).unwrap();
                let (index, header) = read.expect("the snapshot");
                (index, header.next_entry)
            }
        };
        let table = default_table();
        let mut catch_up = CatchUp::new(&table, index, from).unwrap();
        for batch in committed.0.0.iter().rev() {
            catch_up.apply(batch).unwrap();
        }
        let (index, next_entry) = catch_up.finish().unwrap();
        prop_assert_eq!(next_entry.max(1), committed.2);
        world = World {
            ledger: Ledger::new(&table, index, committed.2).unwrap(),
            published: committed.0,
        };
        for call in cut(calls[committed.1..].concat(), &recut) {
            post(&mut world, &call, filtered);
        }
        prop_assert_eq!(world.balance(), Balance::oracle(&events));
    }
}
