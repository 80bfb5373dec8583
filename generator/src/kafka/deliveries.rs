//! Deliveries: what the broker acknowledged goes into the books, with its offset.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::{ClientContext, Message};

use super::backlog::Backlog;
use crate::books::{Books, FactsWriter};
use crate::fact::RecordFacts;

/// State that the sending thread, delivery reports and readers share.
#[derive(Default)]
pub(crate) struct Deliveries {
    pub(crate) topic_id: String,
    pub(crate) books: Mutex<Books>,
    /// Whether the books are kept in memory.
    pub(crate) in_memory: bool,
    /// Whether the backlog is kept: it grows where nobody tells what was read.
    pub(crate) throttled: bool,
    pub(crate) writer: Mutex<Option<FactsWriter>>,
    pub(crate) backlog: Mutex<Backlog>,
    pub(crate) records: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) undelivered: AtomicU64,
    pub(crate) first_error: Mutex<Option<String>>,
}

impl Deliveries {
    /// Notes that a record is on its way.
    pub(crate) fn sent(&self, partition: i32, bytes: usize) {
        if self.throttled {
            lock(&self.backlog).sent(partition, bytes);
        }
    }

    fn delivered(&self, partition: i32, offset: i64, bytes: usize, facts: Box<RecordFacts>) {
        let events = facts.event_count();
        if self.in_memory
            && let Err(error) = lock(&self.books).book(&self.topic_id, partition, offset, &facts)
        {
            self.failed(error.to_string());
        }
        if self.throttled {
            lock(&self.backlog).delivered(partition, offset, bytes);
        }
        if let Some(writer) = lock(&self.writer).as_ref() {
            writer.book(partition, offset, facts);
        }
        self.records.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn failed(&self, error: String) {
        self.undelivered.fetch_add(1, Ordering::Relaxed);
        lock(&self.first_error).get_or_insert(error);
    }
}

/// Locks, also after a panic elsewhere: what the locks guard is changed in one step each.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The producer's side of the deliveries.
pub(crate) struct Reports(pub(crate) Arc<Deliveries>);

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!("kafka: {error}: {reason}");
    }
}

impl ProducerContext for Reports {
    /// None for records that aren't booked, such as those of the products.
    type DeliveryOpaque = Box<Option<Box<RecordFacts>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, facts: Self::DeliveryOpaque) {
        match (result, *facts) {
            (Ok(message), Some(facts)) => {
                self.0
                    .delivered(message.partition(), message.offset(), size(message), facts);
            }
            (Ok(_), None) => {}
            (Err((error, message)), facts) => {
                if facts.is_some() && self.0.throttled {
                    lock(&self.0.backlog).failed(message.partition(), size(message));
                }
                self.0.failed(error.to_string());
            }
        }
    }
}

/// The bytes of a message's key and value.
fn size(message: &impl Message) -> usize {
    message.key().map_or(0, <[u8]>::len) + message.payload().map_or(0, <[u8]>::len)
}
