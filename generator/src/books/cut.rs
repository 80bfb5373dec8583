//! A cut: how far each partition of each topic was read.

use std::collections::BTreeMap;

/// The next offset to read, by topic id and partition. Partitions that a cut doesn't name were not
/// read at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut(BTreeMap<(String, i32), i64>);

impl Cut {
    /// A cut at which nothing was read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything below `next_offset` of a partition was read.
    pub fn set(&mut self, topic_id: &str, partition: i32, next_offset: i64) {
        self.0
            .insert((canonical_topic_id(topic_id), partition), next_offset);
    }

    /// The next offset of a partition; none where it was not read.
    pub fn get(&self, topic_id: &str, partition: i32) -> Option<i64> {
        self.0
            .get(&(canonical_topic_id(topic_id), partition))
            .copied()
    }

    /// All partitions, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.0
            .iter()
            .map(|((id, partition), next)| (id.as_str(), *partition, *next))
    }
}

impl<T: AsRef<str>> FromIterator<(T, i32, i64)> for Cut {
    fn from_iter<I: IntoIterator<Item = (T, i32, i64)>>(items: I) -> Self {
        let mut cut = Self::new();
        for (topic_id, partition, next_offset) in items {
            cut.set(topic_id.as_ref(), partition, next_offset);
        }
        cut
    }
}

/// A topic id as Kafka prints it. librdkafka prints the standard alphabet of base64, Kafka the one
/// for URLs; both name the same id.
pub(crate) fn canonical_topic_id(id: &str) -> String {
    id.trim_end_matches('=').replace('+', "-").replace('/', "_")
}
