//! The offsets that a start goes on with: of pipelines that stand where their topic's archive does.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sql::Configuration;
use crate::values::{ARCHIVE_PIPELINE, OffsetKey, Offsets};

/// The offsets of the last commit group without those of pipelines that are gone, or were away.
///
/// A pipeline moves with its topic's archive. One that stands elsewhere was not in the SQL folder
/// for a while, or read another topic: it is new again, and joins where the archive is.
pub fn offsets_at_start(committed: &Offsets, configuration: &Configuration) -> Offsets {
    let mut reads = BTreeSet::new();
    for pipeline in &configuration.pipelines {
        for source in &configuration.sources {
            if source.name == pipeline.source {
                reads.insert((pipeline.name.clone(), source.topic.clone()));
            }
        }
    }
    going_on(committed, &reads)
}

/// `reads` has the name of each pipeline with the topic that it reads.
fn going_on(committed: &Offsets, reads: &BTreeSet<(Arc<str>, Arc<str>)>) -> Offsets {
    let stands_with_its_archive = |key: &OffsetKey, next: i64| {
        let archive = OffsetKey {
            pipeline: ARCHIVE_PIPELINE.into(),
            at: key.at.clone(),
        };
        reads.contains(&(key.pipeline.clone(), key.at.topic.clone()))
            && committed.get(&archive) == Some(&next)
    };
    committed
        .iter()
        .filter(|(key, next)| {
            &*key.pipeline == ARCHIVE_PIPELINE || stands_with_its_archive(key, **next)
        })
        .map(|(key, next)| (key.clone(), *next))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::TopicPartition;

    fn key(pipeline: &str, topic: &str, partition: i32) -> OffsetKey {
        OffsetKey {
            pipeline: pipeline.into(),
            at: TopicPartition {
                topic: topic.into(),
                incarnation: 0,
                partition,
            },
        }
    }

    #[test]
    fn pipelines_that_are_gone_or_were_away_are_new_again() {
        let going_on_with = [
            (key("archive", "logs", 0), 20),
            (key("archive", "logs", 1), 7),
            (key("archive", "not_read_any_more", 0), 3),
            (key("events", "logs", 0), 20),
            (key("events", "logs", 1), 7),
        ];
        let mut committed = Offsets::from(going_on_with.clone());
        committed.extend([
            (key("renamed", "logs", 0), 20),
            (key("was_away", "logs", 0), 12),
            (key("reads_another", "not_read_any_more", 0), 3),
            (key("without_archive", "logs", 9), 1),
        ]);
        let reads = ["events", "was_away", "reads_another", "without_archive"]
            .map(|pipeline| (pipeline.into(), "logs".into()));
        assert_eq!(
            going_on(&committed, &reads.into()),
            Offsets::from(going_on_with)
        );
    }
}
