//! The total order of a ledger's events: the least of a key's events has the credit.

use std::cmp::Ordering;

use common::{EngineError, LedgerDef, OrderTerm, Result};

/// A ledger's order: its terms, and the position as the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    terms: Vec<OrderTerm>,
}

/// What an event is compared by, borrowed from the columns that hold it. Times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank<'a> {
    /// When the record was received.
    pub received: i64,
    /// The event's own time; none compares last.
    pub event_time: Option<i64>,
    /// The tie bytes, compared bytewise; none compares last.
    pub tie: Option<&'a [u8]>,
    /// The channel, compared as UTF-8 bytes; none compares last.
    pub channel: Option<&'a str>,
    /// Where the event is, which no other event shares.
    pub position: PositionRef<'a>,
}

/// A position borrowed from columns; it compares as [`Position`](common::Position) does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionRef<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// Which topic of that name.
    pub incarnation: i32,
    /// The partition's number.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The element's index in the record.
    pub element: i32,
}

impl Order {
    /// The order that a ledger declares. It begins with a time, since the index keeps that, and
    /// names no term twice.
    pub fn new(def: &LedgerDef) -> Result<Self> {
        match def.order.first() {
            Some(OrderTerm::Received | OrderTerm::EventTime) => {}
            _ => {
                return Err(EngineError::invalid(
                    "option order of a ledger must begin with received or event_time",
                ));
            }
        }
        for (i, term) in def.order.iter().enumerate() {
            if def.order[..i].contains(term) {
                return Err(EngineError::invalid(format!(
                    "option order of a ledger names {} twice: name each term once",
                    term.name()
                )));
            }
        }
        Ok(Self {
            terms: def.order.clone(),
        })
    }

    /// The terms before the position.
    pub fn terms(&self) -> &[OrderTerm] {
        &self.terms
    }

    /// Whether the order compares by a term.
    pub fn has(&self, term: OrderTerm) -> bool {
        self.terms.contains(&term)
    }

    /// The time that the order begins with, which the index keeps: received or event time.
    pub fn leading(&self) -> OrderTerm {
        self.terms.first().copied().unwrap_or(OrderTerm::Received)
    }

    /// Compares two events of one key; equal only where they are at the same position.
    pub fn compare(&self, a: &Rank<'_>, b: &Rank<'_>) -> Ordering {
        self.terms
            .iter()
            .map(|term| match term {
                OrderTerm::Received => a.received.cmp(&b.received),
                OrderTerm::EventTime => none_last(a.event_time, b.event_time),
                OrderTerm::Tie => none_last(a.tie, b.tie),
                OrderTerm::Channel => none_last(a.channel, b.channel),
            })
            .find(|o| o.is_ne())
            .unwrap_or_else(|| a.position.cmp(&b.position))
    }
}

impl Rank<'_> {
    /// The value of the order's leading time; none compares last.
    pub fn leading(&self, term: OrderTerm) -> Option<i64> {
        match term {
            OrderTerm::EventTime => self.event_time,
            OrderTerm::Received | OrderTerm::Tie | OrderTerm::Channel => Some(self.received),
        }
    }
}

fn none_last<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
