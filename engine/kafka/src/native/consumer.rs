//! A librdkafka client that reads partitions that it assigns to itself.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use common::{EngineError, Result};
use rdkafka::client::Client;
use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaType;
use rdkafka::{Offset, TopicPartitionList, bindings as rd};

use super::response::ensure;
use super::{Health, callbacks, describe};
use crate::TopicId;

/// A consumer whose records, log lines and errors all arrive in one queue, which an
/// [`Inbox`](super::Inbox) reads. Every call is safe from any thread.
pub(crate) struct Consumer {
    client: Client<Health>,
}

/// What the brokers know of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TopicLookup {
    /// It exists.
    Found {
        /// Its partitions, in order.
        partitions: Vec<i32>,
        /// The broker that answered.
        broker: i32,
    },
    /// No broker knows it.
    Missing,
    /// Brokers answer, but it can't be read: why.
    Unreadable(String),
}

impl Consumer {
    /// Makes the client. It connects by itself, in the background, and goes on trying.
    pub(crate) fn open(config: &ClientConfig) -> Result<Arc<Self>> {
        let native = config.create_native_config().map_err(cannot_make)?;
        callbacks::install(&native);
        let client = Client::new(
            config,
            native,
            RDKafkaType::RD_KAFKA_CONSUMER,
            Health::default(),
        )
        .map_err(cannot_make)?;
        // SAFETY: the client was made a moment ago, as a consumer; this forwards its main queue
        // (log lines, errors) to the consumer queue.
        let code = unsafe { rd::rd_kafka_poll_set_consumer(client.native_ptr()) };
        ensure(code, "kafka client: forward the main queue")?;
        Ok(Arc::new(Self { client }))
    }

    /// What the client has heard of its brokers' health.
    pub(crate) fn health(&self) -> &Health {
        self.client.context()
    }

    /// Asks a broker for the topic's partitions.
    pub(crate) fn lookup(&self, topic: &str, timeout: Duration) -> Result<TopicLookup> {
        let metadata = self
            .client
            .fetch_metadata(Some(topic), timeout)
            .map_err(|e| away(format!("topic `{topic}`: metadata"), e))?;
        let Some(found) = metadata.topics().iter().find(|t| t.name() == topic) else {
            return Ok(TopicLookup::Missing);
        };
        match found.error().map(RDKafkaErrorCode::from) {
            None => {}
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicId,
            ) => return Ok(TopicLookup::Missing),
            Some(
                code @ (RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed),
            ) => return Ok(TopicLookup::Unreadable(code.to_string())),
            Some(code) => return Err(away(format!("topic `{topic}`: metadata"), code)),
        }
        let mut partitions: Vec<i32> = found.partitions().iter().map(|p| p.id()).collect();
        partitions.sort_unstable();
        if partitions.is_empty() {
            return Ok(TopicLookup::Missing);
        }
        let leaderless = found.partitions().iter().find(|p| p.leader() < 0);
        if let Some(partition) = leaderless {
            return Ok(TopicLookup::Unreadable(format!(
                "partition {} has no leader",
                partition.id()
            )));
        }
        // An answer over a bootstrap connection comes from a broker without a number yet.
        let known = metadata.brokers().iter().map(|b| b.id());
        let broker = known.clone().find(|id| *id == metadata.orig_broker_id());
        let Some(broker) = broker.or_else(|| known.clone().next()) else {
            return Err(EngineError::unavailable(format!(
                "topic `{topic}`: metadata names no broker"
            )));
        };
        Ok(TopicLookup::Found { partitions, broker })
    }

    /// Asks this broker for the topic's id; none where the broker is too old to have one.
    pub(crate) fn topic_id(
        &self,
        topic: &str,
        broker: i32,
        timeout: Duration,
    ) -> Result<Option<TopicId>> {
        // SAFETY: the pointer is the live client's.
        unsafe { describe::topic_id(self.ptr(), topic, broker, timeout) }
    }

    /// Asks the partition's leader for its oldest offset and the offset after its newest record
    /// (the last stable one, for a reader of committed records).
    pub(crate) fn watermarks(
        &self,
        topic: &str,
        partition: i32,
        timeout: Duration,
    ) -> Result<(i64, i64)> {
        self.client
            .fetch_watermarks(topic, partition, timeout)
            .map_err(|e| away(format!("topic `{topic}` partition {partition}: offsets"), e))
    }

    /// The partition's high watermark as the last fetch told it; no request is made.
    pub(crate) fn cached_high_watermark(&self, topic: &str, partition: i32) -> Option<i64> {
        let topic = CString::new(topic).ok()?;
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the pointers are valid for the call and the client is alive.
        let code = unsafe {
            rd::rd_kafka_get_watermark_offsets(
                self.ptr(),
                topic.as_ptr(),
                partition,
                &mut low,
                &mut high,
            )
        };
        (code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }

    /// Begins to fetch these partitions at these offsets; those assigned before are undisturbed.
    pub(crate) fn assign(&self, topic: &str, starts: &[(i32, i64)]) -> Result<()> {
        let list = list_of(topic, starts)?;
        // SAFETY: client and list are alive; the list is copied by the call.
        let error = unsafe { rd::rd_kafka_incremental_assign(self.ptr(), list.ptr()) };
        let Some(error) = NonNull::new(error) else {
            return Ok(());
        };
        // SAFETY: a non-null error is ours to read once and to destroy.
        let code = unsafe {
            let code = rd::rd_kafka_error_code(error.as_ptr());
            rd::rd_kafka_error_destroy(error.as_ptr());
            code
        };
        ensure(code, &format!("topic `{topic}`: assign partitions"))
    }

    /// Stops fetching.
    pub(crate) fn unassign(&self) {
        // SAFETY: the client is alive; a null list takes all partitions away.
        let code = unsafe { rd::rd_kafka_assign(self.ptr(), std::ptr::null()) };
        if let Err(e) = ensure(code, "kafka client: unassign") {
            tracing::debug!(error = %e, "partitions were not given back");
        }
    }

    /// Sends next offsets to the group's coordinator and does not wait for the answer.
    pub(crate) fn commit_without_waiting(&self, topic: &str, next: &[(i32, i64)]) -> Result<()> {
        let list = list_of(topic, next)?;
        // SAFETY: client and list are alive; the list is copied by the call.
        let code = unsafe { rd::rd_kafka_commit(self.ptr(), list.ptr(), 1) };
        ensure(
            code,
            &format!("topic `{topic}`: commit offsets for lag tools"),
        )
    }

    /// The native client, for this module's other files.
    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_t {
        self.client.native_ptr()
    }
}

fn list_of(topic: &str, offsets: &[(i32, i64)]) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
            .map_err(|e| EngineError::internal("list of topic partitions").caused_by(e))?;
    }
    Ok(list)
}

fn cannot_make(error: rdkafka::error::KafkaError) -> EngineError {
    EngineError::invalid("kafka settings: the client could not be made").caused_by(error)
}

fn away(what: String, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> EngineError {
    EngineError::unavailable(what).caused_by(error)
}
