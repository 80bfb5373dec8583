//! The options of one run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::profile::Profile;

/// When a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// When it is stopped.
    Endless,
    /// After so many events; dead letters come on top.
    Events(u64),
    /// After a time.
    For(Duration),
}

/// A clock that runs by the number of events instead of by time, so that a seed decides every byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// The Kafka timestamp of the first record, in ms since 1970.
    pub start_ms: i64,
    /// How many events a second of the virtual clock holds.
    pub events_per_second: f64,
    /// Sends the same records, with the same Kafka timestamps, in an order and to partitions that
    /// this seed decides. Records are permuted among neighbours of some 256 MB, held in memory.
    pub shuffle_seed: Option<u64>,
}

/// What to generate, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kafka's bootstrap list.
    pub brokers: String,
    /// Further librdkafka properties.
    pub properties: BTreeMap<String, String>,
    /// The topic of the records; made where it doesn't exist.
    pub topic: String,
    /// The compacted topic of the products dimension; made where it doesn't exist.
    pub products_topic: String,
    /// Partitions of the topic where it is made; else it keeps its own number.
    pub partitions: i32,
    /// The keys that clients encrypt with.
    pub keys: Keys,
    /// Shares and sizes.
    pub profile: Profile,
    /// The seed.
    pub seed: u64,
    /// Events a second; none is as fast as it goes.
    pub rate: Option<f64>,
    /// When to end.
    pub length: Length,
    /// First activations that are booked and not sent.
    pub withhold: u32,
    /// The folder of the books; none keeps them in memory only.
    pub books: Option<PathBuf>,
    /// Keeps the books in memory as well, to be cut and compared. They grow until
    /// [`Books::advance`](crate::books::Books::advance) folds them: without a reader, turn it off.
    pub books_in_memory: bool,
    /// Refuses a topic that holds records which the books don't know: whoever reads the whole topic
    /// could never agree with them. Needs the books in memory.
    pub known_records_only: bool,
    /// A virtual clock; none is the wall clock.
    pub trace: Option<Trace>,
    /// How long the producer waits for more records of a batch.
    pub linger_ms: u32,
    /// Pauses while a partition holds more bytes than this that nobody has read, as told by
    /// [`Generation::read_up_to`](crate::Generation::read_up_to). The embedded broker needs it.
    pub unread_bytes_max: Option<u64>,
}

/// What may be unread in a partition of the embedded broker, which keeps 5 MiB of each.
pub const EMBEDDED_UNREAD_BYTES_MAX: u64 = 3 << 20;

impl Options {
    /// The defaults of `headwater generate`: 20,000 events a second without an end.
    pub fn new(brokers: impl Into<String>, keys: Keys) -> Self {
        Self {
            brokers: brokers.into(),
            properties: BTreeMap::new(),
            topic: "mobile-logs".to_owned(),
            products_topic: "products".to_owned(),
            partitions: 12,
            keys,
            profile: Profile::mobile(),
            seed: 1,
            rate: Some(20_000.0),
            length: Length::Endless,
            withhold: 0,
            books: None,
            books_in_memory: true,
            known_records_only: false,
            trace: None,
            linger_ms: 5,
            unread_bytes_max: None,
        }
    }

    /// The defaults for an embedded broker.
    pub fn embedded(brokers: impl Into<String>, keys: Keys) -> Self {
        let unread_bytes_max = Some(EMBEDDED_UNREAD_BYTES_MAX);
        Self {
            linger_ms: 20,
            unread_bytes_max,
            ..Self::new(brokers, keys)
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let positive = |rate: f64| rate.is_finite() && rate > 0.0;
        let wrong = if !(1..=10_000).contains(&self.partitions) {
            Some(format!(
                "partitions: {} is not between 1 and 10000",
                self.partitions
            ))
        } else if let Some(rate) = self.rate.filter(|rate| !positive(*rate)) {
            Some(format!("rate: {rate} is not a number of events above 0"))
        } else if let Some(trace) = self.trace.filter(|t| !positive(t.events_per_second)) {
            let rate = trace.events_per_second;
            Some(format!(
                "events a second of the trace: {rate} is not above 0"
            ))
        } else if self.topic == self.products_topic {
            Some(format!(
                "topic: {} is the topic of the products, too",
                self.topic
            ))
        } else {
            None
        };
        wrong.map_or(Ok(()), |what| Err(Error::Invalid(what)))
    }
}
