//! Facts: the outcome that each element, or each record without elements, must have.

use std::sync::Arc;

use crate::clock::ClockRule;
use crate::device::Device;

/// A product or a channel, shared.
pub type Name = Arc<str>;

/// Why a record or an element becomes a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The key id is in no key ring.
    UnknownKey,
    /// The key is known, but the payload doesn't open.
    CannotDecrypt,
    /// The record or element isn't what the source's SQL declares.
    Malformed,
    /// The application belongs to no product.
    UnknownAppKey,
    /// No id of the device can be used.
    BadDeviceId,
}

/// What becomes of an element or a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A row of `events`.
    Event,
    /// A row of `dead_letters`.
    DeadLetter(Reason),
}

impl Outcome {
    /// Every outcome, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::Event,
        Self::DeadLetter(Reason::UnknownKey),
        Self::DeadLetter(Reason::CannotDecrypt),
        Self::DeadLetter(Reason::Malformed),
        Self::DeadLetter(Reason::UnknownAppKey),
        Self::DeadLetter(Reason::BadDeviceId),
    ];

    /// `event`, or the reason as the shipped pipeline spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::DeadLetter(Reason::UnknownKey) => "unknown key",
            Self::DeadLetter(Reason::CannotDecrypt) => "cannot decrypt",
            Self::DeadLetter(Reason::Malformed) => "malformed",
            Self::DeadLetter(Reason::UnknownAppKey) => "unknown app_key",
            Self::DeadLetter(Reason::BadDeviceId) => "bad device id",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What an element that becomes an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFact {
    /// The product of its application.
    pub product: Name,
    /// The canonical device id.
    pub device: Device,
    /// The channel, as the client named it.
    pub channel: Option<Name>,
    /// `install`, `activate`, `launch` or `upgrade`.
    pub event: &'static str,
    /// The event time by the clock rule, in µs.
    pub event_time_us: i64,
    /// Which part of the rule gave it.
    pub clock_rule: ClockRule,
    /// The tie.
    pub tie: u64,
    /// Whether it competes in the ledger: its kind counts, and it isn't test traffic.
    pub counts: bool,
}

/// The outcome of one element, or of a record as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The element's index in the record, −1 for the record as a whole.
    pub element: i32,
    /// What must become of it.
    pub outcome: Outcome,
    /// What it says, where it becomes an event.
    pub event: Option<EventFact>,
}

impl Fact {
    /// A dead letter.
    pub fn dead_letter(element: i32, reason: Reason) -> Self {
        Self {
            element,
            outcome: Outcome::DeadLetter(reason),
            event: None,
        }
    }
}

/// All facts of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFacts {
    /// The Kafka timestamp, in µs.
    pub received_us: i64,
    /// One fact an element, or one for the whole record.
    pub facts: Vec<Fact>,
}

impl RecordFacts {
    /// How many facts are events.
    pub fn event_count(&self) -> u64 {
        self.facts
            .iter()
            .filter(|fact| fact.outcome == Outcome::Event)
            .count() as u64
    }
}
