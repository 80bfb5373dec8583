//! Which topic and which offsets the brokers offer, against what is asked of them.

use std::time::Duration;

use common::{EngineError, Kind, Result};

use super::native::{Consumer, TopicLookup};
use super::offset_account::OffsetAccount;
use super::topic_id::TopicId;

/// What the brokers know of a topic.
pub(crate) enum Found {
    /// It exists.
    Topic(FoundTopic),
    /// It does not exist.
    Missing,
    /// Brokers answer, but the topic can't be read: why.
    Unreadable(String),
}

/// A topic as the brokers know it.
pub(crate) struct FoundTopic {
    pub(crate) id: TopicId,
    pub(crate) partitions: Vec<i32>,
}

/// Asks the brokers for a topic.
pub(crate) fn find(consumer: &Consumer, topic: &str, timeout: Duration) -> Result<Found> {
    let (partitions, broker) = match consumer.lookup(topic, timeout)? {
        TopicLookup::Found { partitions, broker } => (partitions, broker),
        TopicLookup::Missing => return Ok(Found::Missing),
        TopicLookup::Unreadable(reason) => return Ok(Found::Unreadable(reason)),
    };
    let id = consumer
        .topic_id(topic, broker, timeout)?
        .unwrap_or_else(TopicId::unknown);
    Ok(Found::Topic(FoundTopic { id, partitions }))
}

/// The accounts of the partitions that are about to be read, each from where it was `asked` to, or
/// from its oldest record.
///
/// # Errors
/// Of kind *data* where some cannot be read from there: all of them in one message, since a person
/// must decide on all of them.
pub(crate) fn begin_all(
    consumer: &Consumer,
    topic: &str,
    partitions: impl Iterator<Item = (i32, Option<i64>)>,
    timeout: Duration,
) -> Result<Vec<(i32, OffsetAccount)>> {
    let mut begun = Vec::new();
    let mut faults = Vec::new();
    for (partition, asked) in partitions {
        match begin(consumer, topic, partition, asked, timeout) {
            Ok(account) => begun.push((partition, account)),
            Err(e) if e.kind == Kind::Data => faults.push(e.to_string()),
            Err(e) => return Err(e),
        }
    }
    if faults.is_empty() {
        Ok(begun)
    } else {
        Err(EngineError::data(faults.join("; ")))
    }
}

/// The account of a partition that is about to be read from `asked`, or from its oldest record.
pub(crate) fn begin(
    consumer: &Consumer,
    topic: &str,
    partition: i32,
    asked: Option<i64>,
    timeout: Duration,
) -> Result<OffsetAccount> {
    let (oldest, end) = consumer.watermarks(topic, partition, timeout)?;
    let first = decide(topic, partition, asked, oldest, end)?;
    Ok(OffsetAccount::new(first, end))
}

/// Says why a topic that was made again cannot be read on.
pub(crate) fn made_again(topic: &str, before: &TopicId, found: &TopicId) -> EngineError {
    EngineError::data(format!(
        "topic `{topic}` was deleted and made again: its id was {before} and is {found}; restart \
         to read the new topic as its next incarnation"
    ))
}

fn decide(topic: &str, partition: i32, asked: Option<i64>, oldest: i64, end: i64) -> Result<i64> {
    match asked {
        None => Ok(oldest),
        Some(asked) if asked < oldest => Err(EngineError::data(format!(
            "offsets expired: {} records of topic `{topic}` partition {partition} are missing \
             (next offset {asked}, oldest in kafka {oldest}); a person must decide to go on",
            oldest - asked
        ))),
        Some(asked) if asked > end => Err(EngineError::data(format!(
            "topic `{topic}` partition {partition} ends at offset {end}, but was read up to \
             {asked}: kafka lost records that were committed here; a person must decide to go on"
        ))),
        Some(asked) => Ok(asked),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_offset_within_the_partition_is_read_on_and_its_end_is_within() {
        assert_eq!(decide("t", 0, None, 7, 9).unwrap(), 7);
        assert_eq!(decide("t", 0, Some(7), 7, 9).unwrap(), 7);
        assert_eq!(decide("t", 0, Some(9), 7, 9).unwrap(), 9);
    }

    #[test]
    fn expired_offsets_say_how_many_records_are_missing() {
        let error = decide("logs", 3, Some(4), 7, 9).unwrap_err();
        assert_eq!(error.kind, Kind::Data);
        let said = error.to_string();
        assert!(
            said.contains("3 records of topic `logs` partition 3 are missing"),
            "{said}"
        );
    }

    #[test]
    fn a_partition_that_became_shorter_is_an_error() {
        let error = decide("logs", 3, Some(10), 7, 9).unwrap_err();
        assert_eq!(error.kind, Kind::Data);
    }
}
