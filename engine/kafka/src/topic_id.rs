//! Which topic of a name is meant: ids that Kafka gives, and the small numbers that Headwater keeps.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{ARCHIVE_PIPELINE, OffsetKey, Offsets};

/// The id that Kafka gave a topic when it was made, spelled as Kafka's own tools print it: 22
/// characters of base64 for URLs (`-` and `_`), without padding. A topic that is deleted and made
/// again has another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(Arc<str>);

impl TopicId {
    /// The id of these 128 bits, the more significant half first.
    pub(super) fn of_bits(high: i64, low: i64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Kafka's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stands for the id where brokers have none (Kafka before 2.8): all topics of a name are then
    /// one incarnation.
    pub fn unknown() -> Self {
        Self::from("AAAAAAAAAAAAAAAAAAAAAA")
    }
}

impl From<&str> for TopicId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The incarnation of each topic id seen so far: the first id of a name is 0, each new one the
/// greatest of its name plus one. Built from what the last commit group knows, so that a number
/// once given never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incarnations {
    known: BTreeMap<Arc<str>, BTreeMap<TopicId, i32>>,
}

impl Incarnations {
    /// The numbers given so far, as (topic, id, incarnation).
    pub fn new(known: impl IntoIterator<Item = (Arc<str>, TopicId, i32)>) -> Self {
        let mut incarnations = Self::default();
        for (topic, id, incarnation) in known {
            incarnations
                .known
                .entry(topic)
                .or_default()
                .insert(id, incarnation);
        }
        incarnations
    }

    /// The incarnation of this id, which is new or known. One that is not the topic's first is
    /// logged when it is new: what the topic before it held is not read again.
    pub fn number(&mut self, topic: &str, id: &TopicId) -> i32 {
        let of_topic = self.known.entry(topic.into()).or_default();
        let next = of_topic.values().max().map_or(0, |greatest| greatest + 1);
        if next > 0 && !of_topic.contains_key(id) {
            tracing::warn!(
                topic,
                topic_id = id.as_str(),
                incarnation = next,
                "the topic was made again since it was read; the new one is read from its beginning"
            );
        }
        *of_topic.entry(id.clone()).or_insert(next)
    }
}

/// Where to begin to read a topic once its id is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// The number of the topic's id.
    pub incarnation: i32,
    /// Next offsets by partition; a partition that is not named begins at its oldest record.
    pub next_offsets: BTreeMap<i32, i64>,
}

impl Start {
    /// The beginning of everything.
    pub fn at_beginning(incarnation: i32) -> Self {
        Self {
            incarnation,
            next_offsets: BTreeMap::new(),
        }
    }

    /// Where the archive of this topic and incarnation stands, which moves with every range that is
    /// read of it. No pipeline moves the reading position: one that is new, or was away, joins here,
    /// since whatever lies before has been through the archive and the other pipelines already.
    pub fn after(offsets: &Offsets, topic: &str, incarnation: i32) -> Self {
        let of_topic = |key: &OffsetKey| {
            &*key.pipeline == ARCHIVE_PIPELINE
                && &*key.at.topic == topic
                && key.at.incarnation == incarnation
        };
        Self {
            incarnation,
            next_offsets: offsets
                .iter()
                .filter(|(key, _)| of_topic(key))
                .map(|(key, next)| (key.at.partition, *next))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use common::TopicPartition;

    use super::*;

    #[test]
    fn an_id_is_spelled_as_kafka_prints_it() {
        let cases = [
            (-1, -1, "_____________________w"),
            (0x03_e0_f8_3e_0f_83_e0_f8, 0, "A-D4Pg-D4PgAAAAAAAAAAA"),
            (-0x0410_4104_1041_0411, 7, "----------8AAAAAAAAABw"),
            (0, 0, "AAAAAAAAAAAAAAAAAAAAAA"),
        ];
        for (high, low, expected) in cases {
            assert_eq!(TopicId::of_bits(high, low).as_str(), expected);
        }
        assert_eq!(TopicId::of_bits(0, 0), TopicId::unknown());
    }

    #[test]
    fn a_new_id_of_a_name_is_a_new_incarnation_and_an_old_one_keeps_its_number() {
        let mut incarnations = Incarnations::default();
        let (first, second) = (TopicId::from("first"), TopicId::from("second"));
        assert_eq!(incarnations.number("logs", &first), 0);
        assert_eq!(incarnations.number("logs", &second), 1);
        assert_eq!(incarnations.number("logs", &first), 0);
        assert_eq!(incarnations.number("products", &second), 0);

        let mut restarted = Incarnations::new([
            ("logs".into(), first, 0),
            ("logs".into(), second.clone(), 1),
            ("products".into(), second, 0),
        ]);
        assert_eq!(restarted, incarnations);
        assert_eq!(restarted.number("logs", &TopicId::from("third")), 2);
    }

    #[test]
    fn reading_goes_on_where_the_archive_stands_whatever_pipelines_are_known() {
        let key = |pipeline: &str, incarnation, partition| OffsetKey {
            pipeline: pipeline.into(),
            at: TopicPartition {
                topic: "logs".into(),
                incarnation,
                partition,
            },
        };
        let offsets = Offsets::from([
            (key("archive", 0, 0), 90),
            (key("archive", 1, 0), 20),
            (key("archive", 1, 3), 7),
            (key("events", 1, 0), 20),
            (key("renamed_since", 1, 0), 12),
            (key("renamed_since", 1, 5), 3),
        ]);
        let start = Start::after(&offsets, "logs", 1);
        assert_eq!(start.next_offsets, BTreeMap::from([(0, 20), (3, 7)]));
        assert_eq!(start.incarnation, 1);
        assert_eq!(Start::after(&offsets, "other", 0), Start::at_beginning(0));
    }
}
