//! The offsets that a start goes on with: of pipelines that stand where their topic's archive does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::{ARCHIVE_PIPELINE, OffsetKey, Offsets};
use sql::Configuration;

/// The offsets of the last commit group without those of pipelines that are gone, or were away.
///
/// A pipeline moves with its topic's archive. One that stands elsewhere was not in the SQL folder
/// for a while, or read another topic: it is new again, and joins where the archive is. The log says
/// what it has missed.
pub fn offsets_at_start(committed: &Offsets, configuration: &Configuration) -> Offsets {
    let mut reads = BTreeSet::new();
    for pipeline in &configuration.pipelines {
        for source in &configuration.sources {
            if source.name == pipeline.source {
                reads.insert((pipeline.name.clone(), source.topic.clone()));
            }
        }
    }
    for (pipeline, missed) in missed(committed, &reads) {
        tracing::warn!(
            %pipeline,
            records = missed,
            "the pipeline was not in the SQL folder for a while: it goes on where the archive is, and \
             its table has no rows of the records between, which are in the archive alone"
        );
    }
    going_on(committed, &reads)
}

/// How many records each pipeline has missed that was away.
fn missed(committed: &Offsets, reads: &BTreeSet<(Arc<str>, Arc<str>)>) -> BTreeMap<Arc<str>, i64> {
    let mut missed = BTreeMap::new();
    for (key, next) in committed {
        let archived = committed.get(&of_archive(key)).copied().unwrap_or(*next);
        if reads.contains(&(key.pipeline.clone(), key.at.topic.clone())) && archived > *next {
            *missed.entry(key.pipeline.clone()).or_default() += archived - next;
        }
    }
    missed
}

/// The archive of what a pipeline reads.
fn of_archive(key: &OffsetKey) -> OffsetKey {
    OffsetKey {
        pipeline: ARCHIVE_PIPELINE.into(),
        at: key.at.clone(),
    }
}

/// `reads` has the name of each pipeline with the topic that it reads.
fn going_on(committed: &Offsets, reads: &BTreeSet<(Arc<str>, Arc<str>)>) -> Offsets {
    let stands_with_its_archive = |key: &OffsetKey, next: i64| {
        reads.contains(&(key.pipeline.clone(), key.at.topic.clone()))
            && committed.get(&of_archive(key)) == Some(&next)
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
    use common::TopicPartition;

    use super::*;

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
        let reads = reads.into();
        assert_eq!(going_on(&committed, &reads), Offsets::from(going_on_with));
        assert_eq!(
            missed(&committed, &reads),
            BTreeMap::from([("was_away".into(), 8)])
        );
    }
}
