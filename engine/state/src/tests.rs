//! What the publisher takes in, and what it refuses.

use common::{DataFile, OffsetKey, TopicPartition};

use super::*;

/// A micro-batch of pipelines on one topic partition, without rows.
fn range(pipelines: &[&str], first: i64, next: i64) -> MicroBatch {
    let at = TopicPartition {
        topic: "mobile-logs".into(),
        incarnation: 0,
        partition: 0,
    };
    let key = |pipeline: &&str| OffsetKey {
        pipeline: (*pipeline).into(),
        at: at.clone(),
    };
    MicroBatch {
        offsets: pipelines.iter().map(|p| (key(p), next)).collect(),
        first_offsets: [(at.clone(), first)].into(),
        ..MicroBatch::default()
    }
}

#[test]
fn a_micro_batch_that_does_not_join_the_one_before_is_refused() {
    let publisher = Publisher::new(Published::default());
    let publish = |added| publisher.publish(added, 0);
    publish(range(&["archive", "old"], 7, 7)).unwrap();
    publish(range(&["archive", "old"], 7, 12)).unwrap();
    for first in [11, 13] {
        let error = publish(range(&["archive", "new"], first, 20)).unwrap_err();
        assert_eq!(error.kind, common::Kind::Internal);
        let said = error.to_string();
        assert!(
            said.contains(&format!("begins at offset {first}")) && said.contains("ended at 12"),
            "{said}"
        );
    }
    publish(range(&["archive", "new"], 12, 20)).unwrap();
    let state = publisher.current();
    let offsets: Vec<_> = state
        .offsets
        .iter()
        .map(|(key, next)| (&*key.pipeline, *next))
        .collect();
    assert_eq!(offsets, [("archive", 20), ("new", 20), ("old", 12)]);
}

#[test]
fn a_group_for_an_unknown_table_changes_nothing() {
    let publisher = Publisher::new(Published::default());
    let cut = publisher.current();
    let none: Vec<DataFile> = vec![];
    assert!(
        publisher
            .committed(&cut, 1, &[("nobody".into(), none)])
            .is_err()
    );
    assert_eq!(publisher.current().group, 0);
}
