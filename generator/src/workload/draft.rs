//! A draft: what an element says, before the record's timestamp makes a fact of it.

use crate::clock::{US_PER_MS, event_time_ms};
use crate::device::Device;
use crate::fact::{EventFact, Fact, Name, Outcome, Reason};
use crate::tie::tie;

/// An element as it was written, so that it can be sent again in another record.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) verdict: Result<Said, Reason>,
}

/// What an element that becomes an event says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) product: Name,
    pub(super) device: Device,
    pub(super) channel: Option<Name>,
    pub(super) event: &'static str,
    pub(super) created: Option<i64>,
    pub(super) sent: Option<i64>,
    pub(super) tie: u64,
    pub(super) has_event_id: bool,
    pub(super) test: bool,
}

impl Draft {
    pub(super) fn rejected(reason: Reason) -> Self {
        Self {
            verdict: Err(reason),
        }
    }

    /// The same element as the only one of a record: without an event id, its tie is over the whole
    /// plaintext.
    pub(super) fn alone(&self, body: &str) -> Self {
        let mut alone = self.clone();
        if let Ok(said) = &mut alone.verdict
            && !said.has_event_id
        {
            said.tie = tie(None, body.as_bytes());
        }
        alone
    }

    /// The fact of this element at an index of a record with a Kafka timestamp.
    pub(super) fn fact(&self, element: i32, received_ms: i64) -> Fact {
        let said = match &self.verdict {
            Ok(said) => said,
            Err(reason) => return Fact::dead_letter(element, *reason),
        };
        let (event_time_ms, clock_rule) = event_time_ms(said.created, said.sent, received_ms);
        Fact {
            element,
            outcome: Outcome::Event,
            event: Some(EventFact {
                product: said.product.clone(),
                device: said.device,
                channel: said.channel.clone(),
                event: said.event,
                event_time_us: event_time_ms * US_PER_MS,
                clock_rule,
                tie: said.tie,
                counts: counts(said.event) && !said.test,
            }),
        }
    }
}

/// The facts of a record with these elements.
pub(super) fn facts(drafts: &[Draft], received_ms: i64) -> Vec<Fact> {
    drafts
        .iter()
        .zip(0..)
        .map(|(draft, at)| draft.fact(at, received_ms))
        .collect()
}

/// Whether an event of this name can make a new user.
fn counts(event: &str) -> bool {
    matches!(event, "install" | "activate" | "launch")
}
