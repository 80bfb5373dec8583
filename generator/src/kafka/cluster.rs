//! A Kafka cluster from outside: waits for it, looks at its topics, and makes those that it lacks.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;

use super::topic_id;
use crate::error::{Error, Result};

/// How long one question to the broker may take.
const ASK: Duration = Duration::from_secs(5);
/// How long one look for a broker may take: so long a stop may go unheard.
const LOOK: Duration = Duration::from_secs(1);
/// How often the wait for a broker is mentioned.
const MENTION: Duration = Duration::from_secs(5);

/// Waits until a Kafka broker answers, for as long as nobody says stop. `say` hears at once and then
/// every few seconds that none does, since when, and why.
pub fn wait_for_broker(
    brokers: &str,
    properties: &BTreeMap<String, String>,
    stop: &AtomicBool,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    Cluster::new(brokers, properties)?.wait(stop, say)
}

pub(crate) struct Cluster {
    brokers: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Cluster {
    pub(crate) fn new(brokers: &str, properties: &BTreeMap<String, String>) -> Result<Self> {
        let admin = config(brokers, properties)
            .create()
            .map_err(|source| refused(brokers, source))?;
        Ok(Self {
            brokers: brokers.to_owned(),
            admin,
        })
    }

    /// Waits until a broker answers, for as long as nobody says stop.
    pub(crate) fn wait(&self, stop: &AtomicBool, say: &mut dyn FnMut(&str)) -> Result<()> {
        let since = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut mentioned: Option<Instant> = None;
        loop {
            let Err(error) = self.metadata(LOOK) else {
                return Ok(());
            };
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped(self.brokers.clone()));
            }
            if mentioned.is_none_or(|at| at.elapsed() >= MENTION) {
                mentioned = Some(Instant::now());
                let brokers = &self.brokers;
                say(&format!(
                    "kafka at {brokers}: broker away since {since}, still trying: {error}"
                ));
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn metadata(&self, time: Duration) -> Result<Metadata, KafkaError> {
        self.admin.inner().fetch_metadata(None, time)
    }

    /// How many records of a topic are not below the ends that somebody knows. Offsets count
    /// records: the generator writes no transactions.
    pub(crate) fn unknown_records(
        &self,
        topic: &str,
        partitions: i32,
        known: impl Fn(i32) -> i64,
    ) -> Result<i64> {
        let mut unknown = 0;
        for partition in 0..partitions {
            let (low, high) = self.watermarks(topic, partition).map_err(|source| {
                let what = format!("cannot learn the end of {topic}, partition {partition}");
                Error::kafka(&self.brokers, what, source)
            })?;
            unknown += (high - low.max(known(partition))).max(0);
        }
        Ok(unknown)
    }

    /// The offsets at which a partition begins and ends. A topic that was just made has no leaders
    /// for some moments, and while leaders change nobody knows: that is waited for.
    fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
        let deadline = Instant::now() + ASK;
        loop {
            let answer = self.admin.inner().fetch_watermarks(topic, partition, ASK);
            match answer {
                Err(error) if is_passing(&error) && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(100));
                }
                answer => return answer,
            }
        }
    }

    /// How many partitions a topic has; none where there is no such topic.
    fn partitions(&self, topic: &str) -> Result<Option<i32>> {
        let metadata = self
            .metadata(ASK)
            .map_err(|source| Error::kafka(&self.brokers, "cannot list topics", source))?;
        Ok(metadata
            .topics()
            .iter()
            .find(|found| found.name() == topic && found.error().is_none())
            .map(|found| found.partitions().len() as i32))
    }

    /// Makes a topic where it doesn't exist, and tells how many partitions it has.
    pub(crate) fn ensure_topic(
        &self,
        topic: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<i32> {
        if let Some(partitions) = self.partitions(topic)? {
            return Ok(partitions);
        }
        let mut wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
        for (name, value) in settings {
            wanted = wanted.set(name, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(ASK));
        let outcomes =
            block_on(self.admin.create_topics([&wanted], &options)).map_err(|source| {
                Error::kafka(&self.brokers, format!("cannot make topic {topic}"), source)
            })?;
        for outcome in outcomes {
            match outcome {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => {
                    return Err(self.unusable(format!("cannot make topic {topic}: {code}")));
                }
            }
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Some(partitions) = self.partitions(topic)? {
                return Ok(partitions);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(self.unusable(format!(
            "topic {topic} was made and doesn't appear within 30 s"
        )))
    }

    /// The id of a topic, as Kafka prints it.
    pub(crate) fn topic_id(&self, topic: &str) -> Result<String> {
        let unknown = |what| self.unusable(format!("cannot learn the id of topic {topic}: {what}"));
        let metadata = self
            .metadata(ASK)
            .map_err(|error| unknown(error.to_string()))?;
        let broker = metadata.brokers().first().map(|broker| broker.id());
        let broker = broker.ok_or_else(|| unknown("there is no broker".to_owned()))?;
        topic_id::topic_id(self.admin.inner().native_ptr(), broker, topic, ASK).map_err(unknown)
    }

    fn unusable(&self, what: String) -> Error {
        Error::Broker {
            brokers: self.brokers.clone(),
            what,
        }
    }
}

/// Why no client could be made: nearly always a property that librdkafka doesn't take, which is
/// named without its value, since that may be a secret.
pub(crate) fn refused(brokers: &str, source: KafkaError) -> Error {
    match source {
        KafkaError::ClientConfig(_, _, name, _) => Error::Invalid(format!(
            "kafka property {name}: librdkafka doesn't take this name or this value; its \
             CONFIGURATION.md lists them"
        )),
        source => Error::kafka(brokers, "cannot make a client", source),
    }
}

/// The configuration that every client of the generator begins with.
pub(crate) fn config(brokers: &str, properties: &BTreeMap<String, String>) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config.set("client.id", "headwater-generator");
    for (name, value) in properties {
        config.set(name, value);
    }
    config
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer of the admin client, which has its own thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park_timeout(Duration::from_millis(100)),
        }
    }
}

/// Whether asking again can help: a topic's leaders are being chosen.
fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}
