//! What is sent again, or later than it should: duplicates and moved credits.

use rand::Rng;

use super::conduct::Conduct;
use super::draft::{Draft, facts};
use super::element::Wanted;
use super::population::Handset;
use super::record::Record;
use super::sent::FirstEvent;
use super::stream::Workload;
use crate::defect::Defect;

/// A credit is moved this long after the first event was received, or so many records later.
const MOVE_AFTER_MS: i64 = 2_500;
const MOVE_AFTER_RECORDS: u64 = 5_000;

impl Workload {
    pub(super) fn is_due(&self, first: &FirstEvent, now_ms: i64) -> bool {
        now_ms - first.received_ms >= MOVE_AFTER_MS
            || self.records_made - first.records_made >= MOVE_AFTER_RECORDS
    }

    pub(super) fn maybe_move_later(&mut self, handset: Handset, received_ms: i64, partition: i32) {
        let early = self.population.own_count() <= 12;
        if early || self.rng.random_bool(self.profile.moved_share) {
            let records_made = self.records_made;
            self.to_move.push_back(FirstEvent {
                handset,
                received_ms,
                partition,
                records_made,
            });
        }
    }

    /// A record that is sent later and was received earlier, through another channel.
    pub(super) fn moved(&mut self, first: &FirstEvent) -> Record {
        self.defects.note(Defect::MovedCredit);
        let received_ms = first.received_ms - self.rng.random_range(1_000..60_000);
        let channel = Some(self.other_channel(&first.handset));
        let mut body = String::from("[");
        let wanted = Wanted {
            channel,
            ..Wanted::first(&first.handset, Conduct::default())
        };
        let draft = self.element(&mut body, received_ms, wanted);
        body.push(']');
        let elsewhere = self.partition_other_than(first.partition);
        self.sealed(&body, &[draft], Vec::new(), received_ms, Some(elsewhere))
    }

    /// A record that was sent before, byte for byte, at times with its old timestamp.
    pub(super) fn again(&mut self, now_ms: i64) -> Option<Record> {
        let at = (!self.sent_records.is_empty())
            .then(|| self.rng.random_range(0..self.sent_records.len()))?;
        self.defects.note(Defect::DuplicateRecord);
        let same_instant = self.rng.random_bool(0.3);
        let sent = self.sent_records.get(at)?;
        let received_ms = if same_instant {
            sent.received_ms
        } else {
            now_ms
        };
        let value = sent.value.clone();
        let facts = facts(&sent.drafts, received_ms);
        Some(self.record(Some(value), facts, received_ms, None))
    }

    pub(super) fn wants_duplicate(&mut self, forced: Option<Defect>) -> bool {
        forced == Some(Defect::Duplicate)
            || (forced.is_none() && self.rng.random_bool(self.profile.duplicate_share))
    }

    /// Appends an event that was sent before.
    pub(super) fn duplicate(&mut self, body: &mut String) -> Option<Draft> {
        if self.sent_elements.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..self.sent_elements.len());
        let sent = self.sent_elements.get(at)?;
        body.push_str(&sent.json);
        let draft = sent.draft.clone();
        self.defects.note(Defect::Duplicate);
        Some(draft)
    }
}
