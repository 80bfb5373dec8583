//! What other threads may know of a reader, and tell it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use common::clock::now_us;
use parking_lot::Mutex;

use super::native::Consumer;
use super::offset_account::{OffsetAccount, RangeRead};
use super::partition_lag::PartitionLag;
use super::state::{SourceEvent, SourceState};
use super::topic_id::TopicId;

/// How often a state that lasts is logged again.
const REMINDER_INTERVAL: Duration = Duration::from_secs(60);

/// The part of a reader that is shared.
pub(crate) struct TopicStatus {
    pub(crate) topic: Arc<str>,
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) counters: Counters,
    state: Mutex<(SourceState, Instant)>,
    identity: Mutex<Option<(TopicId, i32)>>,
    partitions: Mutex<BTreeMap<i32, OffsetAccount>>,
    stopped: AtomicBool,
    was_caught_up: AtomicBool,
}

/// Sums since the reader was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) stale: AtomicU64,
    pub(crate) gaps: AtomicU64,
}

impl TopicStatus {
    pub(crate) fn new(topic: &str, consumer: Arc<Consumer>) -> Self {
        Self {
            topic: topic.into(),
            consumer,
            counters: Counters::default(),
            state: Mutex::new((SourceState::Connecting { since: now() }, Instant::now())),
            identity: Mutex::new(None),
            partitions: Mutex::default(),
            stopped: AtomicBool::new(false),
            was_caught_up: AtomicBool::new(false),
        }
    }

    pub(crate) fn state(&self) -> SourceState {
        self.state.lock().0.clone()
    }

    /// Moves the state on, and logs it where it is another, or has lasted.
    pub(crate) fn event(&self, event: SourceEvent) {
        let mut guard = self.state.lock();
        let (state, logged_at) = &mut *guard;
        let before = std::mem::discriminant(state);
        *state = state.clone().after(event, now());
        let is_new = before != std::mem::discriminant(state);
        if is_new || (!state.is_reading() && logged_at.elapsed() >= REMINDER_INTERVAL) {
            *logged_at = Instant::now();
            match state {
                SourceState::Failed { .. } => {
                    tracing::error!(topic = %self.topic, "kafka topic: {state}");
                }
                SourceState::BrokerAway { .. }
                | SourceState::TopicMissing { .. }
                | SourceState::Unreadable { .. } => {
                    tracing::warn!(topic = %self.topic, "kafka topic: {state}");
                }
                SourceState::Connecting { .. } | SourceState::Reading { .. } => {
                    tracing::info!(topic = %self.topic, "kafka topic: {state}");
                }
            }
        }
    }

    /// Whether records can come and nothing was heard of a connection that failed: only then does a
    /// partition read to the end that is known say anything about this moment.
    pub(crate) fn is_in_touch(&self) -> bool {
        self.state.lock().0.is_reading() && !self.consumer.health().in_trouble()
    }

    pub(crate) fn identity(&self) -> Option<(TopicId, i32)> {
        self.identity.lock().clone()
    }

    pub(crate) fn identify(&self, id: TopicId, incarnation: i32) {
        *self.identity.lock() = Some((id, incarnation));
    }

    pub(crate) fn assigned(&self, partition: i32, account: OffsetAccount) {
        self.partitions.lock().insert(partition, account);
    }

    pub(crate) fn moved(&self, ranges: &[(i32, RangeRead)]) {
        let mut partitions = self.partitions.lock();
        for (partition, range) in ranges {
            if let Some(account) = partitions.get_mut(partition) {
                account.passed(range.next_offset);
            }
        }
    }

    /// Whether all partitions have once reached the end that they had when they were assigned.
    pub(crate) fn is_caught_up(&self) -> bool {
        if self.was_caught_up.load(Ordering::Relaxed) {
            return true;
        }
        let partitions = self.partitions.lock();
        let caught_up =
            !partitions.is_empty() && partitions.values().all(OffsetAccount::is_caught_up);
        if caught_up {
            self.was_caught_up.store(true, Ordering::Relaxed);
        }
        caught_up
    }

    pub(crate) fn lag(&self) -> Vec<PartitionLag> {
        let partitions = self.partitions.lock();
        partitions
            .iter()
            .map(|(partition, account)| PartitionLag {
                partition: *partition,
                next_offset: account.next_offset(),
                high_watermark: self
                    .consumer
                    .cached_high_watermark(&self.topic, *partition)
                    .unwrap_or(0)
                    .max(account.end_when_assigned())
                    .max(account.next_offset()),
                end_at_start: account.end_at_start(),
            })
            .collect()
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(now_us()).unwrap_or_default()
}
