//! Which record comes next: the same ones for the same seed and the same instants.

use super::plan::{MALFORMED, UNDECRYPTABLE};
use super::record::Record;
use super::stream::Workload;
use crate::defect::Defect;

impl Workload {
    /// The next record, received at an instant; a plain one has at most so many elements.
    pub fn next(&mut self, now_ms: i64, elements_max: usize) -> Record {
        if let Some(record) = self.queued.pop_front() {
            return record;
        }
        self.records_made += 1;
        if self
            .to_move
            .front()
            .is_some_and(|first| self.is_due(first, now_ms))
            && let Some(first) = self.to_move.pop_front()
        {
            return self.moved(&first);
        }
        let defect = self.plan.next(&self.profile, &mut self.rng);
        match defect {
            Some(Defect::MovedCredit) => match self.to_move.pop_front() {
                Some(first) => return self.moved(&first),
                None => self.plan.later(Defect::MovedCredit),
            },
            Some(Defect::DuplicateRecord) => match self.again(now_ms) {
                Some(record) => return record,
                None => self.plan.later(Defect::DuplicateRecord),
            },
            Some(defect)
                if MALFORMED.contains(&defect)
                    || UNDECRYPTABLE.contains(&defect)
                    || defect == Defect::UnknownKey =>
            {
                return self.broken(defect, now_ms);
            }
            _ => {}
        }
        self.mixed(defect, now_ms, elements_max)
    }
}
