//! How far a source has been read, as queries see it.

use std::sync::Arc;

use common::TopicPartition;

/// How far one topic partition has been read at a published state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The topic partition.
    pub at: TopicPartition,
    /// The offset to read next.
    pub next_offset: i64,
    /// The topic partition's end when the engine started, or its beginning where it was added later:
    /// queries are told *catching up* until `next_offset` has reached it.
    pub end_at_start: i64,
    /// The topic partition's end when last heard of.
    pub end_offset: i64,
    /// The latest received time read, in microseconds since the epoch; it may lie in the future,
    /// since producers may write it.
    pub received_max_us: Option<i64>,
}

impl PartitionProgress {
    /// Nothing that was there at the start is still unread.
    pub fn caught_up(&self) -> bool {
        self.next_offset >= self.end_at_start
    }

    /// Nothing is known to be unread.
    pub fn at_end(&self) -> bool {
        self.next_offset >= self.end_offset
    }
}

/// How far one source has been read at a published state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProgress {
    /// The source's name.
    pub source: Arc<str>,
    /// The topic's id, as Kafka prints it; empty while the topic isn't known.
    pub topic_id: Arc<str>,
    /// What the source does: `waiting`, `reading`, or the error that stopped it.
    pub state: Arc<str>,
    /// Each topic partition of the current incarnation.
    pub partitions: Vec<PartitionProgress>,
    /// When the reader was last in touch with Kafka, before it told how far it had read, in
    /// microseconds since the epoch. It stands still while brokers are away.
    pub seen_at_us: i64,
    /// How late a record may come after its timestamp, in microseconds.
    pub lateness_us: i64,
    /// Offsets that brought no record, since the start.
    pub gap_count: i64,
    /// Records that were fetched twice and dropped, since the start.
    pub stale_count: i64,
}

impl SourceProgress {
    /// A source of which nothing is known yet, at a moment.
    pub fn waiting(source: &Arc<str>, state: &str, now_us: i64) -> Self {
        Self {
            source: source.clone(),
            topic_id: "".into(),
            state: state.into(),
            partitions: Vec::new(),
            seen_at_us: now_us,
            lateness_us: 0,
            gap_count: 0,
            stale_count: 0,
        }
    }

    /// Everything that was there at the start has been read. A source whose topic isn't known yet
    /// has not caught up.
    pub fn caught_up(&self) -> bool {
        !self.partitions.is_empty() && self.partitions.iter().all(PartitionProgress::caught_up)
    }

    /// The instant up to which the source has been read: the least over its partitions of the
    /// latest received time, or of the clock where the partition is read to its end. None until
    /// each partition has said something; never later than the reader was in touch with Kafka,
    /// whatever records and ends that are known say.
    pub fn as_of_us(&self) -> Option<i64> {
        self.partitions
            .iter()
            .map(|p| {
                if p.at_end() {
                    Some(self.seen_at_us)
                } else {
                    p.received_max_us.map(|at| at.min(self.seen_at_us))
                }
            })
            .min()
            .flatten()
    }

    /// The received time below which the source is not expected to bring more.
    pub fn watermark_us(&self) -> Option<i64> {
        self.as_of_us().map(|t| t.saturating_sub(self.lateness_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(next: i64, end: i64, received: Option<i64>) -> PartitionProgress {
        PartitionProgress {
            at: TopicPartition {
                topic: "t".into(),
                incarnation: 0,
                partition: 0,
            },
            next_offset: next,
            end_at_start: 5,
            end_offset: end,
            received_max_us: received,
        }
    }

    fn source(partitions: Vec<PartitionProgress>) -> SourceProgress {
        SourceProgress {
            source: "s".into(),
            topic_id: "".into(),
            state: "reading".into(),
            partitions,
            seen_at_us: 1_000,
            lateness_us: 10,
            gap_count: 0,
            stale_count: 0,
        }
    }

    #[test]
    fn a_partition_that_lags_holds_the_watermark() {
        let s = source(vec![partition(9, 9, Some(900)), partition(5, 9, Some(400))]);
        assert_eq!(s.as_of_us(), Some(400));
        assert_eq!(s.watermark_us(), Some(390));
        assert!(s.caught_up());
    }

    #[test]
    fn an_idle_partition_read_to_its_end_does_not_hold_it() {
        let s = source(vec![partition(0, 0, None), partition(9, 9, Some(400))]);
        assert_eq!(s.as_of_us(), Some(1_000));
    }

    #[test]
    fn a_record_from_the_future_does_not_lift_the_watermark_past_the_clock() {
        let s = source(vec![
            partition(6, 9, Some(i64::MAX)),
            partition(9, 9, Some(2_000)),
        ]);
        assert_eq!(s.as_of_us(), Some(1_000));
        assert_eq!(s.watermark_us(), Some(990));
    }

    #[test]
    fn an_unread_partition_has_no_watermark() {
        let s = source(vec![partition(0, 7, None), partition(9, 9, Some(400))]);
        assert_eq!(s.as_of_us(), None);
        assert!(!s.caught_up());
        assert!(!source(vec![]).caught_up());
    }
}
