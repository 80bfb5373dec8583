//! The account of one partition's offsets: which records to take, and how far everything was read.

/// One partition while it is read.
///
/// The next offset moves by records taken, and past what brings no record (control records,
/// aborted transactions, compacted offsets) by the next record, or by the offset from which the
/// consumer fetched when it found the partition's end. So at the end of a partition the next offset
/// is the end, and a lag that consists of control records alone does not stay.
///
/// librdkafka's own `rd_kafka_position` is not used: after a partition's end was delivered through
/// a batch call it is the end plus one (`rd_kafka_q_serve_rkmessages` counts the notice of the end
/// as a record), and the record that comes next would be taken for one that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OffsetAccount {
    range_start: i64,
    next_offset: i64,
    /// The offset after the last record taken.
    after_record: i64,
    range_records: usize,
    /// Whether the range at the beginning, which may be empty, has been taken.
    is_announced: bool,
    end_at_start: i64,
    end_when_assigned: i64,
}

/// What to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It belongs to the range.
    Take,
    /// It was taken before: librdkafka has fetched it twice. It is dropped.
    Stale,
    /// It lies among offsets that were said to bring no record, and may be committed as such. The
    /// reader must stop: dropping it would lose it.
    Contradiction,
}

/// What was read of one partition since the last range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RangeRead {
    /// Where the range before ended.
    pub(crate) first_offset: i64,
    /// Where the next range begins.
    pub(crate) next_offset: i64,
    /// Records in it.
    pub(crate) records: usize,
}

impl RangeRead {
    /// Offsets that brought no record: control records, aborted transactions, compacted records.
    /// On a topic that is neither transactional nor compacted it must be 0.
    pub(crate) fn gap_count(&self) -> i64 {
        let records = i64::try_from(self.records).unwrap_or(i64::MAX);
        self.next_offset - self.first_offset - records
    }
}

impl OffsetAccount {
    /// A partition whose next offset is this, and whose end is that.
    pub(crate) fn new(next_offset: i64, end_at_start: i64) -> Self {
        Self {
            range_start: next_offset,
            next_offset,
            after_record: next_offset,
            range_records: 0,
            is_announced: false,
            end_at_start,
            end_when_assigned: end_at_start,
        }
    }

    /// The same partition, but one that came to a topic that was being read already: nobody waits
    /// for what is in it, since it is new and no rest of what was there at the start.
    #[must_use]
    pub(crate) fn added_later(self) -> Self {
        Self {
            end_at_start: self.next_offset,
            ..self
        }
    }

    /// Accounts for a record that was delivered.
    pub(crate) fn record(&mut self, offset: i64) -> Verdict {
        if offset < self.after_record {
            return Verdict::Stale;
        }
        if offset < self.next_offset {
            return Verdict::Contradiction;
        }
        self.next_offset = offset + 1;
        self.after_record = self.next_offset;
        self.range_records += 1;
        Verdict::Take
    }

    /// Accounts for the consumer having passed everything below an offset. What is not an offset
    /// (negative), or was passed before, changes nothing.
    pub(crate) fn passed(&mut self, offset: i64) {
        self.next_offset = self.next_offset.max(offset);
    }

    /// The range since the last call; none where nothing moved. The first one is there in any case,
    /// so that the offset at which a partition begins is known, and kept, before its first record.
    pub(crate) fn take_range(&mut self) -> Option<RangeRead> {
        if self.is_announced && self.next_offset == self.range_start {
            return None;
        }
        self.is_announced = true;
        let range = RangeRead {
            first_offset: self.range_start,
            next_offset: self.next_offset,
            records: std::mem::take(&mut self.range_records),
        };
        self.range_start = self.next_offset;
        Some(range)
    }

    /// The next offset to read.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Whether everything that was there at the start has been read.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.next_offset >= self.end_at_start
    }

    /// The offset that must be reached before the reader counts as caught up: the partition's end
    /// when it was assigned, or its beginning where it was [added later](Self::added_later).
    pub(crate) fn end_at_start(&self) -> i64 {
        self.end_at_start
    }

    /// The offset after the newest record when the partition was assigned.
    pub(crate) fn end_when_assigned(&self) -> i64 {
        self.end_when_assigned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_over_gaps() {
        let mut p = OffsetAccount::new(10, 20);
        let beginning = p.take_range();
        assert_eq!(
            beginning.map(|r| (r.first_offset, r.next_offset, r.records)),
            Some((10, 10, 0))
        );
        assert_eq!(p.take_range(), None);
        assert_eq!(p.record(10), Verdict::Take);
        assert_eq!(p.record(14), Verdict::Take);
        let first = p.take_range();
        assert_eq!(
            first,
            Some(RangeRead {
                first_offset: 10,
                next_offset: 15,
                records: 2
            })
        );
        assert_eq!(p.record(17), Verdict::Take);
        let second = p.take_range();
        assert_eq!(
            second.map(|r| (r.first_offset, r.next_offset, r.records)),
            Some((15, 18, 1))
        );
    }

    #[test]
    fn control_records_at_the_end_move_the_next_offset_without_a_record() {
        let mut p = OffsetAccount::new(5, 8);
        assert_eq!(p.record(5), Verdict::Take);
        assert_eq!(p.record(6), Verdict::Take);
        assert!(!p.is_caught_up());
        p.passed(8);
        assert!(p.is_caught_up());
        assert_eq!(
            p.take_range().map(|r| (r.next_offset, r.records)),
            Some((8, 2))
        );
        p.passed(9);
        assert_eq!(
            p.take_range()
                .map(|r| (r.first_offset, r.next_offset, r.records)),
            Some((8, 9, 0))
        );
    }

    #[test]
    fn a_partition_that_was_added_later_is_not_waited_for_but_its_end_is_known() {
        let p = OffsetAccount::new(0, 7);
        assert!(!p.is_caught_up());
        let p = p.added_later();
        assert!(p.is_caught_up());
        assert_eq!((p.end_at_start(), p.end_when_assigned()), (0, 7));
    }

    #[test]
    fn a_record_where_none_was_to_come_is_not_dropped_silently() {
        let mut p = OffsetAccount::new(3, 3);
        assert_eq!(p.record(3), Verdict::Take);
        p.passed(6);
        assert_eq!(p.record(5), Verdict::Contradiction);
        assert_eq!(p.record(6), Verdict::Take);
    }

    #[test]
    fn a_record_that_comes_twice_is_dropped() {
        let mut p = OffsetAccount::new(3, 3);
        assert_eq!(p.record(3), Verdict::Take);
        assert_eq!(p.record(3), Verdict::Stale);
        assert_eq!(p.record(2), Verdict::Stale);
        p.passed(-1001);
        assert_eq!(p.next_offset(), 4);
    }
}
