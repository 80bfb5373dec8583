//! The cases that settle arguments about who is credited.

use common::OrderTerm;

use super::fixture::*;

#[test]
fn a_lagging_partition_moves_the_credit() {
    let mut world = World::new();
    let a = event("d", "a", 10 * HOUR + 6 * MINUTE, 1);
    let b = event("d", "b", 10 * HOUR + 20 * MINUTE, 2);
    assert_eq!(world.post(std::slice::from_ref(&b)), 1);
    assert_eq!(world.balance(), Balance::oracle(std::slice::from_ref(&b)));
    assert_eq!(world.post(std::slice::from_ref(&a)), 2);
    assert_eq!(world.balance(), Balance::oracle(&[a.clone(), b.clone()]));
    // Net 0: the device is one new user still. Gross 1: it went from b to a.
    let users = world.balance().new_users;
    assert_eq!(
        users.into_iter().collect::<Vec<_>>(),
        [((Some("a".into()), 10 * HOUR), 1)]
    );
}

#[test]
fn the_same_trace_twice_changes_nothing() {
    let events: Vec<Event> = (0..50)
        .map(|i| {
            event(
                &format!("d{}", i % 20),
                &format!("c{}", i % 7),
                (100 - i) * MINUTE,
                i as u8,
            )
        })
        .collect();
    let mut world = World::new();
    for event in &events {
        world.post(std::slice::from_ref(event));
    }
    let balance = world.balance();
    assert_eq!(balance, Balance::oracle(&events));
    assert_eq!(world.post(&events), 0);
    for event in &events {
        assert_eq!(world.post_filtered(std::slice::from_ref(event)), 0);
    }
}

#[test]
fn a_backdated_clock_gains_nothing() {
    let mut world = World::new();
    world.post(&[event("d", "honest", 100 * HOUR, 1)]);
    let mut forged = event("d", "forger", 100 * HOUR + MINUTE, 2);
    forged.event_time -= 70 * HOUR;
    assert_eq!(world.post(&[forged]), 0);
}

#[test]
fn a_backdated_clock_gains_where_the_ledger_orders_by_event_time() {
    use OrderTerm::*;
    let mut world = World::of(&table(vec![EventTime, Received, Tie, Channel]));
    world.post(&[event("d", "honest", 100 * HOUR, 1)]);
    let mut forged = event("d", "forger", 100 * HOUR + MINUTE, 2);
    forged.event_time -= 70 * HOUR;
    assert_eq!(world.post(&[forged]), 2);
    let credited = world.balance().credited;
    assert_eq!(credited["d"].0.as_deref(), Some("forger"));
    assert_eq!(world.ledger.leading(), EventTime);
}

#[test]
fn a_device_silent_for_400_days_is_not_new() {
    let mut world = World::new();
    world.post(&[event("d", "a", 0, 1)]);
    assert_eq!(world.post_filtered(&[event("d", "b", 400 * DAY, 2)]), 0);
}

#[test]
fn equal_times_are_decided_by_event_time_then_tie_then_channel_then_position() {
    // Each case comes first by one term, and last by all the terms after it.
    let later = event("d", "m", HOUR, 5);
    let mut by_position = later.clone();
    by_position.offset = 4;
    let mut by_channel = later.clone();
    by_channel.channel = Some("B".into());
    by_channel.offset = 6;
    let mut by_tie = later.clone();
    by_tie.tie = Some(vec![0; 8]);
    by_tie.channel = Some("z".into());
    let mut by_event_time = later.clone();
    by_event_time.event_time -= 1;
    by_event_time.tie = Some(vec![0xff; 8]);
    for first in [by_position, by_channel, by_tie, by_event_time] {
        let both = [
            later.clone(),
            Event {
                element: 1,
                ..first
            },
        ];
        let oracle = Balance::oracle(&both);
        assert_eq!(oracle.credited["d"].2.4, 1);
        for order in [[0, 1], [1, 0]] {
            let mut world = World::new();
            for i in order {
                world.post_filtered(std::slice::from_ref(&both[i]));
            }
            assert_eq!(world.balance(), oracle, "{both:?} read as {order:?}");
        }
        let mut world = World::new();
        assert_eq!(world.post(&both), 1, "netted to the first");
        assert_eq!(world.balance(), oracle, "{both:?}");
    }
}

#[test]
fn no_channel_comes_last() {
    let mut none = event("d", "", HOUR, 1);
    none.channel = None;
    let mut some = event("d", "z", HOUR, 1);
    some.offset = 9;
    let mut world = World::new();
    world.post(std::slice::from_ref(&none));
    assert_eq!(world.post(std::slice::from_ref(&some)), 2);
    assert_eq!(world.post(&[none]), 0);
}

#[test]
fn times_within_one_millisecond_are_compared_exactly() {
    for (first, second, entries) in [(HOUR + 7, HOUR + 6, 2), (HOUR + 6, HOUR + 7, 0)] {
        let mut world = World::new();
        world.post(&[event("d", "a", first, 1)]);
        assert_eq!(world.post_filtered(&[event("d", "b", second, 0)]), entries);
    }
}

#[test]
fn times_beyond_what_the_index_keeps_are_compared_exactly() {
    // A producer that stamps microseconds as milliseconds.
    let far = i64::MAX / 2;
    let mut world = World::new();
    world.post(&[event("d", "a", far + 1, 1)]);
    assert_eq!(world.post_filtered(&[event("d", "b", far + 2, 2)]), 0);
    assert_eq!(world.post_filtered(&[event("d", "c", far, 3)]), 2);
    assert_eq!(world.post_filtered(&[event("d", "d", i64::MIN, 4)]), 2);
    assert_eq!(world.post_filtered(&[event("d", "e", i64::MIN + 1, 5)]), 0);
}
