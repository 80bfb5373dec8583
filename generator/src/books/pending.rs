//! A partition's facts in offset order, until a cut passes them.

use std::collections::{BTreeSet, VecDeque};

use super::claim::{Claim, Credit};
use crate::fact::Outcome;

/// How many elements of one record have one outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    pub(super) offset: i64,
    pub(super) outcome: Outcome,
    pub(super) count: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// In order of offset. A record's facts come together, records nearly in order.
    tallies: VecDeque<Tally>,
    claims: VecDeque<(Credit, Claim)>,
    /// Every offset below this one and from the first on is booked.
    known: Option<i64>,
    ahead: BTreeSet<i64>,
    /// The first offset that is not folded yet, and the last one folded.
    folded: i64,
    last_counted: Option<i64>,
}

impl Pending {
    /// Notes that a record's facts are booked.
    pub(super) fn book(&mut self, offset: i64) {
        let known = self.known.get_or_insert(offset);
        if offset > *known {
            self.ahead.insert(offset);
        } else if offset == *known {
            *known += 1;
        }
        while self.ahead.first() == Some(known) {
            self.ahead.pop_first();
            *known += 1;
        }
    }

    pub(super) fn push_tally(&mut self, tally: Tally) {
        let at = place(&self.tallies, tally.offset, |t| t.offset);
        self.tallies.insert(at, tally);
    }

    pub(super) fn push_claim(&mut self, credit: Credit, claim: Claim) {
        let at = place(&self.claims, claim.place.offset, |(_, c)| c.place.offset);
        self.claims.insert(at, (credit, claim));
    }

    /// The next offset that isn't booked; none where nothing is.
    pub(super) fn known(&self) -> Option<i64> {
        self.known
    }

    pub(super) fn folded(&self) -> i64 {
        self.folded
    }

    /// Moves the fold forward, never back.
    pub(super) fn fold_to(&mut self, next_offset: i64) {
        self.folded = self.folded.max(next_offset);
    }

    pub(super) fn pop_tally(&mut self) -> Option<(Tally, bool)> {
        let folded = self.folded;
        self.tallies.front().filter(|tally| tally.offset < folded)?;
        let tally = self.tallies.pop_front()?;
        let new_record = self.last_counted != Some(tally.offset);
        self.last_counted = Some(tally.offset);
        Some((tally, new_record))
    }

    pub(super) fn pop_claim(&mut self) -> Option<(Credit, Claim)> {
        let folded = self.folded;
        self.claims
            .front()
            .filter(|(_, claim)| claim.place.offset < folded)?;
        self.claims.pop_front()
    }
}

/// Where an offset belongs: at the end, unless delivery reports came out of order.
fn place<T>(queue: &VecDeque<T>, offset: i64, of: impl Fn(&T) -> i64) -> usize {
    match queue.back() {
        Some(last) if of(last) > offset => queue.partition_point(|item| of(item) <= offset),
        _ => queue.len(),
    }
}
