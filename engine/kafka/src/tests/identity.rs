//! Topic ids, incarnations, and offsets that Kafka cannot give.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Kind;

use super::mock::{Message, Mock, PATIENCE, quick, until};
use crate::native::{Consumer, TopicLookup};
use crate::topic_reader::TopicReader;
use crate::{Incarnations, SourceReader, Start, TopicId};

fn id_of(mock: &Mock, topic: &str) -> TopicId {
    let config = mock.settings().consumer_config().unwrap();
    let consumer = Consumer::open(&config).unwrap();
    let TopicLookup::Found { broker, .. } = consumer.lookup(topic, PATIENCE).unwrap() else {
        panic!("the topic was to be found")
    };
    consumer.topic_id(topic, broker, PATIENCE).unwrap().unwrap()
}

#[test]
fn a_topic_keeps_its_id_and_one_made_anew_has_another() {
    let mock = Mock::with_topic("logs", 1);
    mock.cluster.create_topic("other", 1, 1).unwrap();
    let id = id_of(&mock, "logs");
    assert_eq!(id.as_str().len(), 22, "{id}");
    assert_ne!(id, TopicId::unknown());
    assert_eq!(id, id_of(&mock, "logs"));
    assert_ne!(id, id_of(&mock, "other"));
    assert_ne!(id, id_of(&Mock::with_topic("logs", 1), "logs"));
}

#[test]
fn the_start_is_chosen_by_the_topics_id() {
    let first = Mock::with_topic("logs", 1);
    let second = Mock::with_topic("logs", 1);
    let incarnations = Arc::new(Mutex::new(Incarnations::default()));
    for (mock, expected) in [(&first, 0), (&second, 1), (&first, 0)] {
        let known = incarnations.clone();
        let start = move |id: &TopicId| {
            let number = known.lock().unwrap().number("logs", id);
            Ok(Start::at_beginning(number))
        };
        let mut reader = SourceReader::open(&mock.settings(), "logs", quick(), start).unwrap();
        until("the topic", || {
            reader.poll().unwrap();
            reader.handle().identity().is_some()
        });
        assert_eq!(reader.handle().identity().unwrap().1, expected);
    }
}

/// Polls until an error comes.
fn failure(reader: &mut SourceReader) -> common::EngineError {
    let mut failure = None;
    until("an error", || {
        failure = reader.poll().err();
        failure.is_some()
    });
    failure.unwrap()
}

#[test]
fn offsets_that_expired_stop_the_reader_with_their_number() {
    let mock = Mock::with_topic("logs", 1);
    // The mock keeps five megabytes of a partition.
    let value = vec![b'x'; 500_000];
    for _ in 0..20 {
        mock.send("logs", &[Message::new(0, &value)]);
    }
    let start = Start {
        incarnation: 0,
        next_offsets: BTreeMap::from([(0, 2)]),
    };
    let mut reader = mock.source("logs", start);
    let error = failure(&mut reader);
    assert_eq!(error.kind, Kind::Data);
    let said = error.to_string();
    assert!(said.contains("offsets expired: "), "{said}");
    assert!(said.contains("topic `logs` partition 0"), "{said}");
    assert_eq!(reader.poll().unwrap_err().kind, Kind::Data);
    assert!(
        reader
            .handle()
            .state()
            .to_string()
            .contains("offsets expired")
    );
}

#[test]
fn a_topic_that_was_made_again_stops_the_reader_before_a_record_of_it_is_taken() {
    let mock = Mock::with_topic("logs", 1);
    let mut settings = quick();
    // Looks before each read.
    settings.refresh_interval = Duration::ZERO;
    let start = Box::new(|_: &_| Ok(Start::at_beginning(0)));
    let mut reader = TopicReader::open(&mock.settings(), "logs", settings, start).unwrap();
    until("the topic", || {
        reader.read(|_| {}).unwrap();
        reader.status().state().is_reading()
    });
    // The mock cluster cannot delete a topic: the reader is made to remember another one.
    reader.status().identify(TopicId::from("another"), 0);
    mock.send("logs", &[Message::new(0, b"of the new topic")]);
    let mut taken = 0;
    let error = reader.read(|_| taken += 1).unwrap_err();
    assert_eq!((error.kind, taken), (Kind::Data, 0));
    assert!(error.to_string().contains("made again"), "{error}");
    assert!(reader.read(|_| taken += 1).is_err());
    assert_eq!(taken, 0);
}

#[test]
fn all_partitions_that_cannot_be_read_on_are_told_at_once() {
    let mock = Mock::with_topic("logs", 3);
    let start = Start {
        incarnation: 0,
        next_offsets: BTreeMap::from([(0, 9), (1, 0), (2, 4)]),
    };
    let said = failure(&mut mock.source("logs", start)).to_string();
    assert!(said.contains("partition 0 ends at offset 0"), "{said}");
    assert!(said.contains("partition 2 ends at offset 0"), "{said}");
    assert!(!said.contains("partition 1"), "{said}");
}

#[test]
fn a_partition_shorter_than_what_was_read_stops_the_reader() {
    let mock = Mock::with_topic("logs", 1);
    mock.send("logs", &[Message::new(0, b"only")]);
    let start = Start {
        incarnation: 0,
        next_offsets: BTreeMap::from([(0, 9)]),
    };
    let error = failure(&mut mock.source("logs", start));
    assert_eq!(error.kind, Kind::Data);
    assert!(error.to_string().contains("ends at offset 1"), "{error}");
}

#[test]
fn a_wrong_property_is_refused_before_anything_is_read() {
    let mock = Mock::with_topic("logs", 1);
    let mut settings = mock.settings();
    settings
        .properties
        .insert("fetch.wait.msx.ms".to_owned(), "1".to_owned());
    let error = SourceReader::open(&settings, "logs", quick(), |_| Ok(Start::default()))
        .err()
        .unwrap();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.to_string().contains("`fetch.wait.max.ms`"), "{error}");
}
