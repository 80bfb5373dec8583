//! What other threads see of a source, and how they stop it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::{Offsets, Result};

use super::partition_lag::PartitionLag;
use super::state::SourceState;
use super::topic_id::{Start, TopicId};
use super::topic_status::TopicStatus;

/// A view of a reader that may be cloned and used from any thread.
#[derive(Clone)]
pub struct SourceHandle {
    status: Arc<TopicStatus>,
}

/// Sums since a reader was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceCounters {
    /// Records that librdkafka delivered twice and that were dropped.
    pub stale: u64,
    /// Offsets that brought no record.
    pub gaps: u64,
}

impl SourceHandle {
    pub(super) fn new(status: Arc<TopicStatus>) -> Self {
        Self { status }
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        &self.status.topic
    }

    /// What the reader is doing, and since when; its text is fit for people.
    pub fn state(&self) -> SourceState {
        self.status.state()
    }

    /// Whether the reader hears of what is new: it is reading, and no connection has failed since a
    /// broker last answered. While it is not, [`lag`](Self::lag) tells the past.
    pub fn is_in_touch(&self) -> bool {
        self.status.is_in_touch()
    }

    /// The topic's id with its incarnation, once the topic was found.
    pub fn identity(&self) -> Option<(TopicId, i32)> {
        self.status.identity()
    }

    /// How far each topic partition was read, and its end as the last fetch told it; empty until
    /// partitions are assigned. No request is made.
    pub fn lag(&self) -> Vec<PartitionLag> {
        self.status.lag()
    }

    /// Sums since the reader was opened.
    pub fn counters(&self) -> SourceCounters {
        let c = &self.status.counters;
        SourceCounters {
            stale: c.stale.load(Ordering::Relaxed),
            gaps: c.gaps.load(Ordering::Relaxed),
        }
    }

    /// Writes the offsets that the topic would be read on from into the Kafka group, for lag tools.
    /// Nothing waits for it and nothing ever reads it back.
    ///
    /// # Errors
    /// Of kind *unavailable*, where the request could not even be made.
    pub fn commit_group_offsets(&self, offsets: &Offsets) -> Result<()> {
        let Some((_, incarnation)) = self.identity() else {
            return Ok(());
        };
        let start = Start::after(offsets, self.topic(), incarnation);
        if start.next_offsets.is_empty() {
            return Ok(());
        }
        let next: Vec<_> = start.next_offsets.into_iter().collect();
        self.status
            .consumer
            .commit_without_waiting(self.topic(), &next)
    }

    /// Makes polls return nothing for ever, the one that runs within its time.
    pub fn stop(&self) {
        self.status.stop();
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.status.is_stopped()
    }
}
