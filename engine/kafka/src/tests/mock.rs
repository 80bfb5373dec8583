//! A mock cluster with a producer, and readers that are polled until a deadline.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::{KafkaSettings, ReaderSettings, SourceBatch, SourceReader, Start};

/// How long anything may take before a test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Mock {
    pub(super) cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

/// One record to produce.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) partition: i32,
    pub(super) key: Option<&'a str>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) timestamp_ms: i64,
    pub(super) header: Option<(&'a str, &'a str)>,
}

impl<'a> Message<'a> {
    pub(super) fn new(partition: i32, value: &'a [u8]) -> Self {
        Self {
            partition,
            key: None,
            value: Some(value),
            timestamp_ms: 1_700_000_000_000,
            header: None,
        }
    }
}

impl Mock {
    pub(super) fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", cluster.bootstrap_servers())
            .set("linger.ms", "1")
            .create()
            .unwrap();
        Self { cluster, producer }
    }

    pub(super) fn with_topic(topic: &str, partitions: i32) -> Self {
        let mock = Self::new();
        mock.cluster.create_topic(topic, partitions, 1).unwrap();
        mock
    }

    pub(super) fn settings(&self) -> KafkaSettings {
        KafkaSettings::new(self.cluster.bootstrap_servers())
    }

    pub(super) fn send(&self, topic: &str, messages: &[Message<'_>]) {
        for message in messages {
            let mut record: BaseRecord<'_, str, [u8]> = BaseRecord::to(topic)
                .partition(message.partition)
                .timestamp(message.timestamp_ms);
            if let Some(key) = message.key {
                record = record.key(key);
            }
            if let Some(value) = message.value {
                record = record.payload(value);
            }
            if let Some((key, value)) = message.header {
                record = record.headers(OwnedHeaders::new().insert(Header {
                    key,
                    value: Some(value),
                }));
            }
            let mut unsent = Some(record);
            while let Some(record) = unsent.take() {
                if let Err((_, record)) = self.producer.send(record) {
                    self.producer.poll(Duration::from_millis(10));
                    unsent = Some(record);
                }
            }
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    pub(super) fn source(&self, topic: &str, start: Start) -> SourceReader {
        SourceReader::open(&self.settings(), topic, quick(), move |_| Ok(start.clone())).unwrap()
    }
}

/// Settings that make tests quick.
pub(super) fn quick() -> ReaderSettings {
    ReaderSettings {
        batch_time_max: Duration::from_millis(20),
        refresh_interval: Duration::from_millis(100),
        retry_interval: Duration::from_millis(50),
        request_timeout: Duration::from_millis(500),
        ..ReaderSettings::default()
    }
}

/// Polls until this many records have come.
pub(super) fn read(reader: &mut SourceReader, records: usize) -> Vec<SourceBatch> {
    let mut batches = Vec::new();
    let mut count = 0;
    let deadline = Instant::now() + PATIENCE;
    while count < records {
        assert!(
            Instant::now() < deadline,
            "{count} of {records} records came: {}, {:?}, {:?}",
            reader.handle().state(),
            reader.handle().counters(),
            reader.handle().lag(),
        );
        if let Some(batch) = reader.poll().unwrap() {
            count += batch.records.num_rows();
            batches.push(batch);
        }
    }
    assert_eq!(count, records);
    batches
}

/// Calls until it is true.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
    }
}

/// The offset that the group of [`Mock::settings`] has for partition 0, once it has one; `serve` is
/// called while waiting.
pub(super) fn committed(mock: &Mock, topic: &str, mut serve: impl FnMut()) -> i64 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", mock.cluster.bootstrap_servers())
        .set("group.id", mock.settings().group)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, 0);
    let mut committed = None;
    until("a committed offset", || {
        serve();
        let found = consumer.committed_offsets(list.clone(), Duration::from_secs(1));
        committed = found
            .ok()
            .and_then(|list| match list.elements()[0].offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            });
        committed.is_some()
    });
    committed.unwrap()
}
