//! All partitions of one topic, read through one queue with an exact account of offsets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{EngineError, Kind, Result};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::native::{Consumer, Delivery, Inbox, Record};
use super::offset_account::{OffsetAccount, RangeRead, Verdict};
use super::state::{SourceEvent, SourceState};
use super::topic_finder::{self, Found};
use super::topic_id::{Start, TopicId};
use super::topic_status::TopicStatus;
use super::{KafkaSettings, ReaderSettings};

/// Deliveries that are taken from the queue by one call at most.
const PULL_MAX: usize = 8192;

/// Bytes of one read at most, whatever the settings say: a column of them has offsets of 32 bits.
/// Kafka has no larger record.
pub(crate) const BATCH_BYTES_MAX: usize = i32::MAX as usize;

/// Decides where to begin, once the topic's id is known.
pub(crate) type StartFn = Box<dyn FnMut(&TopicId) -> Result<Start> + Send>;

/// A topic that is read by one thread.
pub(crate) struct TopicReader {
    inbox: Inbox,
    status: Arc<TopicStatus>,
    settings: ReaderSettings,
    start_fn: StartFn,
    start: Option<Start>,
    /// By partition number.
    accounts: Vec<Option<OffsetAccount>>,
    look_at: Instant,
    record_bytes_average: usize,
}

/// What one read brought.
#[derive(Debug, Default)]
pub(crate) struct ReadSummary {
    pub(crate) ranges: Vec<(i32, RangeRead)>,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) stale: usize,
}

impl ReadSummary {
    /// Offsets that brought no record, over all ranges.
    pub(crate) fn gap_count(&self) -> i64 {
        self.ranges.iter().map(|(_, range)| range.gap_count()).sum()
    }
}

impl TopicReader {
    pub(crate) fn open(
        kafka: &KafkaSettings,
        topic: &str,
        settings: ReaderSettings,
        start: StartFn,
    ) -> Result<Self> {
        let consumer = Consumer::open(&kafka.consumer_config()?)?;
        Ok(Self {
            inbox: Inbox::new(consumer.clone())?,
            status: Arc::new(TopicStatus::new(topic, consumer)),
            settings,
            start_fn: start,
            start: None,
            accounts: Vec::new(),
            look_at: Instant::now(),
            record_bytes_average: 1024,
        })
    }

    pub(crate) fn status(&self) -> &Arc<TopicStatus> {
        &self.status
    }

    /// Collects records until a limit is reached, and hands each to `take`. `None` means that
    /// nothing moved: none came, or the reader is stopped, or waits for the broker or the topic.
    pub(crate) fn read(&mut self, take: impl FnMut(&Record<'_>)) -> Result<Option<ReadSummary>> {
        let deadline = Instant::now() + self.settings.batch_time_max;
        self.look()?;
        if self.status.is_stopped() {
            return Ok(None);
        }
        let mut summary = self.pull(deadline, take)?;
        for (partition, account) in (0..).zip(&mut self.accounts) {
            let range = account.as_mut().and_then(OffsetAccount::take_range);
            summary.ranges.extend(range.map(|range| (partition, range)));
        }
        let stale = &self.status.counters.stale;
        stale.fetch_add(summary.stale as u64, Ordering::Relaxed);
        if summary.ranges.is_empty() {
            return Ok(None);
        }
        self.note(&summary);
        Ok(Some(summary))
    }

    /// Looks for the topic, its id and its partitions where it is time to, and takes no record.
    ///
    /// # Errors
    /// Of kind *data* once the reader has failed, found out by this look too: nothing may be taken
    /// after it, since what comes may be of another topic of that name.
    pub(crate) fn look(&mut self) -> Result<()> {
        self.fail_if_failed()?;
        self.look_around();
        self.fail_if_failed()
    }

    fn fail_if_failed(&self) -> Result<()> {
        match self.status.state() {
            SourceState::Failed { reason, .. } => Err(EngineError::data(reason)),
            SourceState::Connecting { .. }
            | SourceState::BrokerAway { .. }
            | SourceState::TopicMissing { .. }
            | SourceState::Unreadable { .. }
            | SourceState::Reading { .. } => Ok(()),
        }
    }

    /// Tells the status what was read.
    fn note(&mut self, summary: &ReadSummary) {
        if let Some(average) = summary.bytes.checked_div(summary.rows) {
            self.record_bytes_average = average.max(1);
            self.status.event(SourceEvent::Records);
        }
        self.status.moved(&summary.ranges);
        let gaps = u64::try_from(summary.gap_count()).unwrap_or(0);
        let counter = &self.status.counters.gaps;
        counter.fetch_add(gaps, Ordering::Relaxed);
    }

    fn pull(
        &mut self,
        deadline: Instant,
        mut take: impl FnMut(&Record<'_>),
    ) -> Result<ReadSummary> {
        let rows_max = self.settings.batch_rows_max;
        let bytes_max = self.settings.batch_bytes_max.min(BATCH_BYTES_MAX);
        let mut summary = ReadSummary::default();
        let mut problem = None;
        'full: loop {
            while let Some(delivery) = self.inbox.front() {
                match delivery {
                    Delivery::Record(record) => {
                        let bytes = record.len();
                        if summary.rows > 0 && summary.bytes + bytes > bytes_max {
                            break 'full;
                        }
                        match judge(&mut self.accounts, &record) {
                            Verdict::Take => {
                                take(&record);
                                summary.rows += 1;
                                summary.bytes += bytes;
                            }
                            Verdict::Stale => summary.stale += 1,
                            Verdict::Contradiction => {
                                let at = (record.partition(), record.offset());
                                self.contradiction(at);
                                break 'full;
                            }
                        }
                    }
                    Delivery::End {
                        partition,
                        next_offset,
                    } => {
                        if let Some(account) = account_of(&mut self.accounts, partition) {
                            account.passed(next_offset);
                        }
                    }
                    Delivery::Error {
                        partition,
                        code,
                        reason,
                    } => problem = Some((partition, code, reason)),
                }
                self.inbox.pop();
                if let Some((partition, code, reason)) = problem.take()
                    && self.must_look_first(partition, code, &reason)
                {
                    break 'full;
                }
                if summary.rows >= rows_max {
                    break 'full;
                }
            }
            let rows_left = rows_max - summary.rows;
            let bytes_left = bytes_max.saturating_sub(summary.bytes);
            let count_max = rows_left
                .min(bytes_left / self.record_bytes_average + 1)
                .clamp(1, PULL_MAX);
            let time_left = deadline.saturating_duration_since(Instant::now());
            if self.inbox.fill(count_max, time_left)? == 0 {
                break;
            }
        }
        Ok(summary)
    }

    /// Looks for the topic, its id and its partitions when it is time to.
    fn look_around(&mut self) {
        let in_trouble = self.inbox.consumer().health().in_trouble();
        if Instant::now() < self.look_at && !(self.is_reading() && in_trouble) {
            return;
        }
        let (event, pause) = match self.find_topic() {
            Ok(event) => {
                let pause = if event == SourceEvent::Answered {
                    self.inbox.consumer().health().seen_alive();
                    self.settings.refresh_interval
                } else {
                    self.settings.retry_interval
                };
                (event, pause)
            }
            Err(e) if e.kind == Kind::Unavailable => {
                let reason = self.inbox.consumer().health().last_error();
                let reason = reason.unwrap_or_else(|| e.to_string());
                (
                    SourceEvent::BrokerAway(Some(reason)),
                    self.settings.retry_interval,
                )
            }
            Err(e) => (SourceEvent::Failed(e.to_string()), Duration::ZERO),
        };
        self.look_at = Instant::now() + pause;
        self.status.event(event);
    }

    /// What the brokers say of the topic; where they know it, its new partitions are assigned.
    fn find_topic(&mut self) -> Result<SourceEvent> {
        let consumer = self.inbox.consumer().clone();
        let timeout = self.settings.request_timeout;
        let topic = self.status.topic.clone();
        let found = match topic_finder::find(&consumer, &topic, timeout)? {
            Found::Topic(found) => found,
            Found::Missing => return Ok(SourceEvent::TopicMissing),
            Found::Unreadable(reason) => return Ok(SourceEvent::Unreadable(reason)),
        };
        match self.status.identity() {
            Some((id, _)) if id != found.id => {
                return Err(topic_finder::made_again(&topic, &id, &found.id));
            }
            _ => {}
        }
        if self.start.is_none() {
            let start = (self.start_fn)(&found.id)?;
            self.status.identify(found.id, start.incarnation);
            self.start = Some(start);
        }
        let begun = self.begin_new(&consumer, &topic, &found.partitions)?;
        self.assign(&consumer, &topic, begun)?;
        Ok(SourceEvent::Answered)
    }

    /// The accounts of the partitions that are not read yet.
    fn begin_new(
        &mut self,
        consumer: &Consumer,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Vec<(i32, OffsetAccount)>> {
        let start = self.start.as_ref();
        let accounts = &mut self.accounts;
        let is_read_already = !accounts.is_empty();
        let new: Vec<_> = partitions
            .iter()
            .filter(|partition| account_of(accounts, **partition).is_none())
            .map(|partition| {
                let asked = start.and_then(|s| s.next_offsets.get(partition));
                (*partition, asked.copied())
            })
            .collect();
        let timeout = self.settings.request_timeout;
        let mut begun = topic_finder::begin_all(consumer, topic, new.into_iter(), timeout)?;
        if is_read_already {
            begun = begun
                .into_iter()
                .map(|(partition, account)| (partition, account.added_later()))
                .collect();
        }
        Ok(begun)
    }

    fn assign(
        &mut self,
        consumer: &Consumer,
        topic: &str,
        begun: Vec<(i32, OffsetAccount)>,
    ) -> Result<()> {
        if begun.is_empty() {
            return Ok(());
        }
        let starts: Vec<_> = begun.iter().map(|(p, at)| (*p, at.next_offset())).collect();
        consumer.assign(topic, &starts)?;
        for (partition, account) in begun {
            let index = usize::try_from(partition)
                .map_err(|e| EngineError::internal("partition number").caused_by(e))?;
            if self.accounts.len() <= index {
                self.accounts.resize(index + 1, None);
            }
            self.status.assigned(partition, account.clone());
            self.accounts[index] = Some(account);
        }
        tracing::info!(
            topic,
            partitions = starts.len(),
            "kafka partitions assigned"
        );
        Ok(())
    }

    /// Deals with an error of a partition. Whether nothing more may be taken before the reader has
    /// looked around, or ever: what follows may be of another topic of that name.
    fn must_look_first(&mut self, partition: i32, code: Code, reason: &str) -> bool {
        let topic = self.status.topic.clone();
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange => {
                let error = self.why_out_of_range(partition, reason);
                self.status.event(SourceEvent::Failed(error.to_string()));
            }
            Code::BadMessage | Code::BadCompression | Code::InvalidMessage => {
                self.status.event(SourceEvent::Failed(format!(
                    "topic `{topic}` partition {partition}: kafka sent records that cannot be \
                     read ({reason}); they would be skipped, a person must decide to go on"
                )));
            }
            Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicId => self.look_at = Instant::now(),
            Code::GroupAuthorizationFailed => {
                tracing::debug!(%topic, reason, "offsets for lag tools cannot be written");
                return false;
            }
            _ => {
                tracing::warn!(%topic, partition, %code, reason, "kafka reported an error");
                return false;
            }
        }
        true
    }

    fn contradiction(&self, (partition, offset): (i32, i64)) {
        self.status.event(SourceEvent::Failed(format!(
            "topic `{}` partition {partition}: a record came at offset {offset}, which was passed \
             as having none; reading has stopped so that it is not lost unnoticed",
            self.status.topic
        )));
    }

    /// Finds out why Kafka has no record at an offset: the topic is another, or retention passed.
    fn why_out_of_range(&mut self, partition: i32, reason: &str) -> EngineError {
        let asked = account_of(&mut self.accounts, partition).map(|p| p.next_offset());
        let (topic, timeout) = (self.status.topic.clone(), self.settings.request_timeout);
        let consumer = self.inbox.consumer();
        if let (Some((before, _)), Ok(Found::Topic(found))) = (
            self.status.identity(),
            topic_finder::find(consumer, &topic, timeout),
        ) && before != found.id
        {
            return topic_finder::made_again(&topic, &before, &found.id);
        }
        match topic_finder::begin(consumer, &topic, partition, asked, timeout) {
            Err(e) if e.kind == Kind::Data => e,
            _ => EngineError::data(format!(
                "topic `{topic}` partition {partition}: offset out of range ({reason})"
            )),
        }
    }

    fn is_reading(&self) -> bool {
        self.status.state().is_reading()
    }
}

impl Drop for TopicReader {
    fn drop(&mut self) {
        // A handle may keep the client alive: it must not go on fetching.
        self.inbox.consumer().unassign();
    }
}

fn judge(accounts: &mut [Option<OffsetAccount>], record: &Record<'_>) -> Verdict {
    account_of(accounts, record.partition()).map_or(Verdict::Stale, |p| p.record(record.offset()))
}

fn account_of(
    accounts: &mut [Option<OffsetAccount>],
    partition: i32,
) -> Option<&mut OffsetAccount> {
    accounts.get_mut(usize::try_from(partition).ok()?)?.as_mut()
}
