//! A source: one topic as a sequence of Arrow micro-batches.

use std::sync::Arc;

use common::{EngineError, Result, TopicPartition};

use super::batch_builder::BatchBuilder;
use super::source_batch::{PartitionRange, SourceBatch};
use super::source_handle::SourceHandle;
use super::topic_id::{Start, TopicId};
use super::topic_reader::TopicReader;
use super::{KafkaSettings, ReaderSettings};

/// Reads all partitions of a topic. It belongs on a thread of its own; other threads use its
/// [`SourceHandle`].
pub struct SourceReader {
    topic: TopicReader,
    builder: BatchBuilder,
    warned_of: WarnedOf,
}

/// What has been said once.
#[derive(Default)]
struct WarnedOf {
    untimed: bool,
    stale: bool,
    gaps: bool,
}

impl SourceReader {
    /// Makes the client and returns at once; brokers and topic are waited for while polling.
    ///
    /// `start` is called on the polling thread once the topic's id is known. It says which
    /// incarnation that id is, and the next offset of each partition; partitions that it doesn't
    /// name, and those that are added later, begin at their oldest record. It is asked again if it
    /// fails with kind *unavailable*.
    ///
    /// # Errors
    /// Of kind *invalid*, naming the property that is wrong.
    pub fn open(
        kafka: &KafkaSettings,
        topic: &str,
        settings: ReaderSettings,
        start: impl FnMut(&TopicId) -> Result<Start> + Send + 'static,
    ) -> Result<Self> {
        let builder = BatchBuilder::new(topic, settings.headers);
        Ok(Self {
            topic: TopicReader::open(kafka, topic, settings, Box::new(start))?,
            builder,
            warned_of: WarnedOf::default(),
        })
    }

    /// What other threads need.
    pub fn handle(&self) -> SourceHandle {
        SourceHandle::new(self.topic.status().clone())
    }

    /// Looks for the topic where it is time to, without taking a record: how long that takes is one
    /// request's time. The handle's state tells what was found.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn look(&mut self) -> Result<()> {
        self.topic.look()
    }

    /// Collects one micro-batch, for as long as the settings say; longer only while brokers or the
    /// topic are waited for, by one request's time. `None` means that nothing moved. The first
    /// micro-batch has a range, perhaps an empty one, for each topic partition that was assigned, so
    /// that where it begins is known.
    ///
    /// # Errors
    /// Of kind *data* where a person must decide: offsets that Kafka no longer has, records that
    /// cannot be read, a topic that was made again. Every later call says it again. Brokers that
    /// are away are not an error: the handle's state tells.
    pub fn poll(&mut self) -> Result<Option<SourceBatch>> {
        let builder = &mut self.builder;
        let Some(read) = self.topic.read(|record| builder.push(record))? else {
            return Ok(None);
        };
        let built = self.builder.finish()?;
        let status = self.topic.status();
        let (_, incarnation) = status
            .identity()
            .ok_or_else(|| EngineError::internal("records of a topic without an id"))?;
        let topic = &status.topic;
        self.warned_of
            .warn(topic, built.untimed, read.stale, read.gap_count());
        Ok(Some(SourceBatch {
            records: built.records,
            ranges: read
                .ranges
                .into_iter()
                .map(|(partition, range)| PartitionRange {
                    at: TopicPartition {
                        topic: Arc::clone(topic),
                        incarnation,
                        partition,
                    },
                    first_offset: range.first_offset,
                    next_offset: range.next_offset,
                    records: range.records,
                })
                .collect(),
            incarnation,
            bytes: read.bytes,
        }))
    }
}

impl WarnedOf {
    /// Says once what is unusual; from then on the handle's counters tell.
    fn warn(&mut self, topic: &str, untimed: usize, stale: usize, gaps: i64) {
        if is_first(untimed > 0, &mut self.untimed) {
            tracing::warn!(
                topic,
                "records without a timestamp are taken as received in 1970"
            );
        }
        if is_first(stale > 0, &mut self.stale) {
            tracing::warn!(
                topic,
                count = stale,
                "records that were fetched twice were dropped"
            );
        }
        if is_first(gaps > 0, &mut self.gaps) {
            tracing::warn!(
                topic,
                count = gaps,
                "offsets brought no record: usual after transactions and compaction; on any other \
                 topic records are missing"
            );
        }
    }
}

fn is_first(seen: bool, said: &mut bool) -> bool {
    seen && !std::mem::replace(said, true)
}
