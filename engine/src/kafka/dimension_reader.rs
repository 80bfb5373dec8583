//! A compacted topic, read from its beginning and followed: the changes of a dimension.

use std::collections::BTreeMap;

use super::batch_builder::received;
use super::source_handle::SourceHandle;
use super::topic_id::{Start, TopicId};
use super::topic_reader::TopicReader;
use super::{KafkaSettings, ReaderSettings};
use crate::Result;

/// One record of a dimension's topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionChange {
    /// The record's key; `None` is null, which no row can have.
    pub key: Option<Vec<u8>>,
    /// The new row; `None` deletes it.
    pub value: Option<Vec<u8>>,
    /// The Kafka timestamp in microseconds, as sources have it.
    pub received: i64,
    /// The topic partition's number.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// Reads the changes of a dimension. A dimension is read anew at each start, so it needs no offsets.
pub struct DimensionReader {
    topic: TopicReader,
}

impl DimensionReader {
    /// Makes the client and returns at once; brokers and topic are waited for while polling.
    /// `incarnation` is called on the polling thread once the topic's id is known.
    ///
    /// # Errors
    /// Of kind *invalid*, naming the property that is wrong.
    pub fn open(
        kafka: &KafkaSettings,
        topic: &str,
        settings: ReaderSettings,
        mut incarnation: impl FnMut(&TopicId) -> Result<i32> + Send + 'static,
    ) -> Result<Self> {
        let start = Box::new(move |id: &TopicId| incarnation(id).map(Start::at_beginning));
        Ok(Self {
            topic: TopicReader::open(kafka, topic, settings, start)?,
        })
    }

    /// The changes that came within the time that the settings give, in the order of offsets within
    /// a topic partition; often none.
    ///
    /// # Errors
    /// As [`SourceReader::poll`](super::SourceReader::poll).
    pub fn poll(&mut self) -> Result<Vec<DimensionChange>> {
        let mut changes = Vec::new();
        self.topic.read(|record| {
            changes.push(DimensionChange {
                key: record.key().map(<[u8]>::to_vec),
                value: record.value().map(<[u8]>::to_vec),
                received: received(record.timestamp_ms()),
                partition: record.partition(),
                offset: record.offset(),
            });
        })?;
        Ok(changes)
    }

    /// Whether everything was read that was there at the start. An empty topic is caught up once it
    /// was found.
    pub fn is_caught_up(&self) -> bool {
        self.topic.status().is_caught_up()
    }

    /// The next offset of each topic partition.
    pub fn next_offsets(&self) -> BTreeMap<i32, i64> {
        self.handle()
            .lag()
            .into_iter()
            .map(|lag| (lag.partition, lag.next_offset))
            .collect()
    }

    /// How far the dimension was read, for a commit group: `partition:next_offset,…`.
    pub fn version_text(&self) -> String {
        let offsets: Vec<_> = self
            .next_offsets()
            .into_iter()
            .map(|(partition, next)| format!("{partition}:{next}"))
            .collect();
        offsets.join(",")
    }

    /// What other threads need.
    pub fn handle(&self) -> SourceHandle {
        SourceHandle::new(self.topic.status().clone())
    }
}
