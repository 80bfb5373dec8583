//! A record on its way to Kafka.

use crate::fact::RecordFacts;

/// What is sent, and what must become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The Kafka key.
    pub key: Option<Vec<u8>>,
    /// The Kafka value; none is a null value.
    pub value: Option<Vec<u8>>,
    /// Kafka headers, in order; values may be null.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The Kafka timestamp in ms since 1970.
    pub received_ms: i64,
    /// The topic partition it goes to.
    pub partition: i32,
    /// The outcome of each element, those that are withheld included.
    pub facts: RecordFacts,
    /// How many of the events in `facts` are withheld, that is booked and not sent.
    pub withheld: usize,
}

impl Record {
    /// The bytes of key and value.
    pub fn bytes(&self) -> usize {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        size(&self.key) + size(&self.value)
    }
}
