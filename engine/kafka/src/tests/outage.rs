//! Brokers and topics that are away, and come.

use common::{OffsetKey, Offsets, TopicPartition};

use super::mock::{Message, Mock, quick, read, until};
use crate::{KafkaSettings, SourceReader, SourceState, Start};

#[test]
fn a_broker_that_is_away_at_the_start_is_waited_for_and_said() {
    let mock = Mock::with_topic("logs", 1);
    mock.send("logs", &[Message::new(0, b"v")]);
    mock.cluster.broker_down(-1).unwrap();
    let mut reader = mock.source("logs", Start::at_beginning(0));
    let handle = reader.handle();
    until("the broker to be missed", || {
        assert!(reader.poll().unwrap().is_none());
        matches!(handle.state(), SourceState::BrokerAway { .. })
    });
    let said = handle.state().to_string();
    assert!(said.starts_with("broker away since 2"), "{said}");
    mock.cluster.broker_up(-1).unwrap();
    read(&mut reader, 1);
    assert!(handle.state().is_reading());
}

#[test]
fn nobody_listening_is_a_broker_that_is_away() {
    let settings = KafkaSettings::new("127.0.0.1:1");
    let start = |_: &_| Ok(Start::at_beginning(0));
    let mut reader = SourceReader::open(&settings, "logs", quick(), start).unwrap();
    until("the broker to be missed", || {
        assert!(reader.poll().unwrap().is_none());
        matches!(reader.handle().state(), SourceState::BrokerAway { .. })
    });
}

#[test]
fn an_absence_in_between_is_survived() {
    let mock = Mock::with_topic("logs", 2);
    mock.send("logs", &[Message::new(0, b"before")]);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    read(&mut reader, 1);
    assert!(reader.handle().is_in_touch());
    mock.cluster.broker_down(-1).unwrap();
    until("the broker to be missed", || {
        assert!(reader.poll().unwrap().is_none());
        matches!(reader.handle().state(), SourceState::BrokerAway { .. })
    });
    let at_end = reader.handle().lag().iter().all(|lag| lag.lag() == 0);
    assert!(at_end && !reader.handle().is_in_touch());
    mock.cluster.broker_up(-1).unwrap();
    mock.send("logs", &[Message::new(1, b"after")]);
    read(&mut reader, 1);
    assert!(reader.handle().state().is_reading());
    assert_eq!(reader.handle().counters().stale, 0);
    until("the broker's answer", || {
        reader.poll().unwrap();
        reader.handle().is_in_touch()
    });
}

#[test]
fn a_topic_that_does_not_exist_is_waited_for() {
    let mock = Mock::new();
    let mut reader = mock.source("later", Start::at_beginning(0));
    let handle = reader.handle();
    until("the topic to be missed", || {
        assert!(reader.poll().unwrap().is_none());
        matches!(handle.state(), SourceState::TopicMissing { .. })
    });
    mock.cluster.create_topic("later", 2, 1).unwrap();
    mock.send("later", &[Message::new(1, b"v")]);
    read(&mut reader, 1);
    assert!(handle.state().is_reading());
}

#[test]
fn offsets_for_lag_tools_are_sent_without_waiting() {
    let mock = Mock::with_topic("logs", 1);
    mock.send("logs", &[Message::new(0, b"v")]);
    let mut reader = mock.source("logs", Start::at_beginning(0));
    read(&mut reader, 1);
    let key = OffsetKey {
        pipeline: "archive".into(),
        at: TopicPartition {
            topic: "logs".into(),
            incarnation: 0,
            partition: 0,
        },
    };
    let handle = reader.handle();
    handle
        .commit_group_offsets(&Offsets::from([(key, 1)]))
        .unwrap();
    let group = super::mock::committed(&mock, "logs", || {
        reader.poll().unwrap();
    });
    assert_eq!(group, 1);
}
