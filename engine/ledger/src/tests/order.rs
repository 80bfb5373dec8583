//! The order is total: any two ranks compare, consistently, and only one position equals itself.

use std::cmp::Ordering;

use common::{LedgerDef, OrderTerm};
use proptest::prelude::*;

use crate::{Order, PositionRef, Rank};

const TERMS: [OrderTerm; 4] = [
    OrderTerm::Received,
    OrderTerm::EventTime,
    OrderTerm::Tie,
    OrderTerm::Channel,
];
const TIES: [&[u8]; 4] = [b"", b"\x00", b"\x7f", b"\x80"];
const CHANNELS: [&str; 4] = ["", "B", "a", "ä"];

fn order(terms: &[OrderTerm]) -> common::Result<Order> {
    Order::new(&LedgerDef {
        key: vec!["device".into()],
        order: terms.to_vec(),
    })
}

fn orders() -> impl Strategy<Value = Order> {
    (
        prop::sample::subsequence(&TERMS[2..], 0..=2).prop_shuffle(),
        0..4_usize,
    )
        .prop_map(|(mut terms, times)| {
            let times: &[OrderTerm] = match times {
                0 => &[OrderTerm::Received],
                1 => &[OrderTerm::EventTime],
                2 => &[OrderTerm::Received, OrderTerm::EventTime],
                _ => &[OrderTerm::EventTime, OrderTerm::Received],
            };
            terms.splice(0..0, times.iter().copied());
            order(&terms).unwrap()
        })
}

fn ranks() -> impl Strategy<Value = Rank<'static>> {
    let position =
        (0..2_usize, 0..2, 0..2, 0..2_i64, -1..1).prop_map(|(t, i, p, o, e)| PositionRef {
            topic: ["mobile", "pc"][t],
            incarnation: i,
            partition: p,
            offset: o,
            element: e,
        });
    (
        0..2_i64,
        prop::option::of(0..2_i64),
        prop::option::of(prop::sample::select(&TIES[..])),
        prop::option::of(prop::sample::select(&CHANNELS[..])),
        position,
    )
        .prop_map(|(received, event_time, tie, channel, position)| Rank {
            received,
            event_time,
            tie,
            channel,
            position,
        })
}

proptest! {
    #[test]
    fn total(order in orders(), a in ranks(), b in ranks(), c in ranks()) {
        let compare = |x: &Rank<'_>, y: &Rank<'_>| order.compare(x, y);
        prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            prop_assert!(compare(&a, &c).is_le());
        }
        if compare(&a, &b).is_eq() {
            prop_assert_eq!(a.position, b.position);
        }
    }
}

#[test]
fn an_order_begins_with_a_time_and_names_a_term_once() {
    use OrderTerm::*;
    for (terms, message) in [
        (
            vec![],
            "option order of a ledger must begin with received or event_time",
        ),
        (
            vec![Tie, Received],
            "option order of a ledger must begin with received or event_time",
        ),
        (
            vec![Received, Tie, Received],
            "option order of a ledger names received twice: name each term once",
        ),
    ] {
        assert_eq!(order(&terms).unwrap_err().to_string(), message);
    }
}
