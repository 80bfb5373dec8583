//! The bare consumer that benches measure Headwater against: the same settings and calls, no columns.

use common::Result;

use super::source_handle::SourceHandle;
use super::topic_id::Start;
use super::topic_reader::TopicReader;
use super::{KafkaSettings, ReaderSettings};

/// Takes records of a topic from librdkafka's queue and gives them back at once.
pub struct BareConsumer {
    topic: TopicReader,
}

impl BareConsumer {
    /// Will read the topic from its beginning.
    ///
    /// # Errors
    /// Of kind *invalid*, naming the property that is wrong.
    pub fn open(kafka: &KafkaSettings, topic: &str, settings: ReaderSettings) -> Result<Self> {
        let start = Box::new(|_: &_| Ok(Start::at_beginning(0)));
        Ok(Self {
            topic: TopicReader::open(kafka, topic, settings, start)?,
        })
    }

    /// Reads as much as one micro-batch holds, and returns how many records and bytes of keys and
    /// values that was.
    ///
    /// # Errors
    /// As [`SourceReader::poll`](super::SourceReader::poll).
    pub fn read(&mut self) -> Result<(usize, usize)> {
        let read = self.topic.read(|_| {})?;
        Ok(read.map_or((0, 0), |read| (read.rows, read.bytes)))
    }

    /// Its state, and whether it has read what was there at the start.
    pub fn handle(&self) -> SourceHandle {
        SourceHandle::new(self.topic.status().clone())
    }
}
