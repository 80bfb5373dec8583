//! A compacted topic, read from its beginning and followed.

use common::{KeyedRecord, Result};

use super::batch_builder::received;
use super::source_handle::SourceHandle;
use super::topic_id::{Start, TopicId};
use super::topic_reader::TopicReader;
use super::{KafkaSettings, ReaderSettings};

/// Reads a compacted topic: for each key, what it stands for. It is read anew at each start, so it
/// needs no offsets.
pub struct KeyedReader {
    topic: TopicReader,
}

impl KeyedReader {
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

    /// The records that came within the time that the settings give, in the order of offsets within
    /// a topic partition; often none.
    ///
    /// # Errors
    /// As [`SourceReader::poll`](super::SourceReader::poll).
    pub fn poll(&mut self) -> Result<Vec<KeyedRecord>> {
        let mut records = Vec::new();
        self.topic.read(|record| {
            records.push(KeyedRecord {
                key: record.key().map(<[u8]>::to_vec),
                value: record.value().map(<[u8]>::to_vec),
                received: received(record.timestamp_ms()),
                partition: record.partition(),
                offset: record.offset(),
            });
        })?;
        Ok(records)
    }

    /// Whether everything was read that was there at the start. An empty topic is caught up once it
    /// was found.
    pub fn is_caught_up(&self) -> bool {
        self.topic.status().is_caught_up()
    }

    /// How far the topic was read, for a commit group: `partition:next_offset,…`.
    pub fn version_text(&self) -> String {
        let lags = self.topic.status().lag();
        let offsets: Vec<_> = lags
            .iter()
            .map(|lag| format!("{}:{}", lag.partition, lag.next_offset))
            .collect();
        offsets.join(",")
    }

    /// What other threads need.
    pub fn handle(&self) -> SourceHandle {
        SourceHandle::new(self.topic.status().clone())
    }
}
