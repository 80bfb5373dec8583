//! Which topic of a name is meant: ids that Kafka gives, and the small numbers that Headwater keeps.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::values::Offsets;

/// The id that Kafka gave a topic when it was made, in Kafka's own base64 spelling. A topic that
/// is deleted and made again has another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(Arc<str>);

impl TopicId {
    /// Kafka's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stands for the id where brokers have none (Kafka before 2.8): all topics of a name are then
    /// one incarnation.
    pub fn unknown() -> Self {
        Self::from("AAAAAAAAAAAAAAAAAAAAAA")
    }

    /// Whether this is [`TopicId::unknown`].
    pub fn is_unknown(&self) -> bool {
        *self == Self::unknown()
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

    /// The incarnation of this id, which is new or known.
    pub fn number(&mut self, topic: &str, id: &TopicId) -> i32 {
        let of_topic = self.known.entry(topic.into()).or_default();
        let next = of_topic.values().max().map_or(0, |greatest| greatest + 1);
        *of_topic.entry(id.clone()).or_insert(next)
    }

    /// Everything given so far, as (topic, id, incarnation), for the next commit group.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &TopicId, i32)> {
        self.known
            .iter()
            .flat_map(|(topic, ids)| ids.iter().map(move |(id, number)| (topic, id, *number)))
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

    /// Where the least advanced pipeline of this topic and incarnation stands. Each pipeline leaves
    /// out by itself what it has already read.
    pub fn after(offsets: &Offsets, topic: &str, incarnation: i32) -> Self {
        let mut next_offsets = BTreeMap::new();
        for (key, next) in offsets {
            if &*key.at.topic == topic && key.at.incarnation == incarnation {
                next_offsets
                    .entry(key.at.partition)
                    .and_modify(|least: &mut i64| *least = (*least).min(*next))
                    .or_insert(*next);
            }
        }
        Self {
            incarnation,
            next_offsets,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::values::{OffsetKey, TopicPartition};

    #[test]
    fn a_new_id_of_a_name_is_a_new_incarnation_and_an_old_one_keeps_its_number() {
        let mut incarnations = Incarnations::default();
        let (first, second) = (TopicId::from("first"), TopicId::from("second"));
        assert_eq!(incarnations.number("logs", &first), 0);
        assert_eq!(incarnations.number("logs", &second), 1);
        assert_eq!(incarnations.number("logs", &first), 0);
        assert_eq!(incarnations.number("products", &second), 0);

        let known: Vec<_> = incarnations
            .iter()
            .map(|(t, id, n)| (t.clone(), id.clone(), n))
            .collect();
        let mut restarted = Incarnations::new(known);
        assert_eq!(restarted, incarnations);
        assert_eq!(restarted.number("logs", &TopicId::from("third")), 2);
    }

    #[test]
    fn reading_begins_at_the_least_advanced_pipeline_of_this_incarnation() {
        let key = |pipeline: &str, incarnation, partition| OffsetKey {
            pipeline: pipeline.into(),
            at: TopicPartition {
                topic: "logs".into(),
                incarnation,
                partition,
            },
        };
        let offsets = Offsets::from([
            (key("archive", 1, 0), 20),
            (key("events", 1, 0), 12),
            (key("events", 1, 3), 7),
            (key("events", 0, 0), 1),
        ]);
        let start = Start::after(&offsets, "logs", 1);
        assert_eq!(start.next_offsets, BTreeMap::from([(0, 12), (3, 7)]));
        assert_eq!(start.next_offsets.get(&0).copied().unwrap(), 12);
        assert_eq!(Start::after(&offsets, "other", 0), Start::at_beginning(0));
    }
}
