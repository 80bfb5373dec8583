//! The books themselves: facts in, exact counts as of a cut out.

use std::collections::BTreeMap;

use super::claim::{Claim, Credit, NO_CHANNEL, Place};
use super::cut::{Cut, canonical_topic_id};
use super::ledger::Ledger;
use super::names::Names;
use super::pending::{Pending, Tally};
use crate::clock::hour_us;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::fact::{Outcome, RecordFacts};

/// Where new users are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The product.
    pub product: String,
    /// The channel; none is a null channel.
    pub channel: Option<String>,
    /// The start of the hour of the event time, in µs since 1970, UTC.
    pub hour_us: i64,
}

/// New users by slot; slots without any are absent.
pub type NewUsers = BTreeMap<Slot, i64>;

/// The first event of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credited {
    /// The product.
    pub product: String,
    /// The canonical device id.
    pub device: String,
    /// The channel that is credited.
    pub channel: Option<String>,
    /// The start of the hour it counts in, in µs since 1970, UTC.
    pub hour_us: i64,
    /// Its event time, in µs.
    pub event_time_us: i64,
    /// The Kafka timestamp of its record, in µs.
    pub received_us: i64,
    /// The topic partition of its record.
    pub partition: i32,
    /// The offset of its record.
    pub offset: i64,
    /// Its index in the record.
    pub element: i32,
}

/// What came of the records below the cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Elements, by outcome; a record without elements counts as one.
    pub outcomes: BTreeMap<Outcome, u64>,
}

impl Totals {
    /// How many elements had an outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// How many elements there were.
    pub fn elements(&self) -> u64 {
        self.outcomes.values().sum()
    }
}

/// A partition of which a cut has read more than the books know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The topic's id.
    pub topic_id: String,
    /// The partition.
    pub partition: i32,
    /// The next offset that the books don't know.
    pub known: i64,
    /// The cut's next offset.
    pub cut: i64,
}

/// Whether the books know everything below a cut. Delivery reports come a little after the records
/// themselves, so that a reader may be ahead for some milliseconds: advance again then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Where they don't.
    pub gaps: Vec<Gap>,
}

impl Coverage {
    /// True where counts and cut belong together.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// Facts by partition, folded up to a cut that only moves forward.
#[derive(Clone, Debug, Default)]
pub struct Books {
    products: Names,
    channels: Names,
    /// Topic ids; a topic's incarnation is its index.
    topics: Vec<String>,
    partitions: BTreeMap<(u16, i32), (Pending, Totals)>,
    ledger: Ledger,
}

impl Books {
    /// Empty books.
    pub fn new() -> Self {
        Self::default()
    }

    /// Books a record that was delivered at an offset.
    pub fn book(
        &mut self,
        topic_id: &str,
        partition: i32,
        offset: i64,
        record: &RecordFacts,
    ) -> Result<()> {
        let incarnation = self.incarnation(topic_id)?;
        let (pending, _) = self.partitions.entry((incarnation, partition)).or_default();
        pending.book(offset);
        for outcome in Outcome::ALL {
            let count = record
                .facts
                .iter()
                .filter(|fact| fact.outcome == outcome)
                .count() as u32;
            if count > 0 {
                pending.push_tally(Tally {
                    offset,
                    outcome,
                    count,
                });
            }
        }
        for fact in &record.facts {
            let Some(event) = fact.event.as_ref().filter(|event| event.counts) else {
                continue;
            };
            let product = self.products.number(&event.product) as u16;
            let channel = event
                .channel
                .as_ref()
                .map_or(NO_CHANNEL, |c| self.channels.number(c));
            let place = Place {
                incarnation,
                partition,
                offset,
                element: fact.element,
            };
            pending.push_claim(
                Credit {
                    device: event.device,
                    product,
                },
                Claim {
                    received_us: record.received_us,
                    event_time_us: event.event_time_us,
                    tie: event.tie,
                    channel,
                    place,
                },
            );
        }
        Ok(())
    }

    fn incarnation(&mut self, topic_id: &str) -> Result<u16> {
        // Nearly always the last topic, and nearly always spelt the same.
        let found = self.topics.iter().rposition(|id| id == topic_id);
        let found = found.or_else(|| {
            let id = canonical_topic_id(topic_id);
            self.topics.iter().position(|known| *known == id)
        });
        let index = found.unwrap_or_else(|| {
            self.topics.push(canonical_topic_id(topic_id));
            self.topics.len() - 1
        });
        u16::try_from(index)
            .map_err(|_| Error::Invalid("the books hold more than 65535 topics".to_owned()))
    }

    /// Folds everything below a cut. A cut never takes back what an earlier one included;
    /// partitions that it doesn't name stay where they are, and topics that the books don't know
    /// are no concern of theirs.
    pub fn advance(&mut self, cut: &Cut) -> Coverage {
        let mut coverage = Coverage::default();
        for ((incarnation, partition), (pending, totals)) in &mut self.partitions {
            let topic_id = &self.topics[usize::from(*incarnation)];
            let Some(next_offset) = cut.get(topic_id, *partition) else {
                continue;
            };
            pending.fold_to(next_offset);
            while let Some((tally, new_record)) = pending.pop_tally() {
                totals.records += u64::from(new_record);
                *totals.outcomes.entry(tally.outcome).or_default() += u64::from(tally.count);
            }
            while let Some((credit, claim)) = pending.pop_claim() {
                self.ledger.enter(credit, claim, &self.channels);
            }
        }
        for (topic_id, partition, next_offset) in cut.iter() {
            let Some(index) = self.topics.iter().position(|id| id == topic_id) else {
                continue;
            };
            let known = self
                .partitions
                .get(&(index as u16, partition))
                .and_then(|(pending, _)| pending.known())
                .unwrap_or(0);
            if known < next_offset {
                let topic_id = topic_id.to_owned();
                coverage.gaps.push(Gap {
                    topic_id,
                    partition,
                    known,
                    cut: next_offset,
                });
            }
        }
        coverage
    }

    /// Folds all that is booked.
    pub fn advance_to_end(&mut self) -> Coverage {
        let cut = self.end();
        self.advance(&cut)
    }

    /// The cut behind everything that is booked.
    pub fn end(&self) -> Cut {
        self.partitions
            .iter()
            .filter_map(|((incarnation, partition), (pending, _))| {
                let topic_id = self.topics.get(usize::from(*incarnation))?;
                Some((topic_id.clone(), *partition, pending.known()?))
            })
            .collect()
    }

    /// The cut that is folded.
    pub fn folded(&self) -> Cut {
        self.partitions
            .iter()
            .filter_map(|((incarnation, partition), (pending, _))| {
                let topic_id = self.topics.get(usize::from(*incarnation))?;
                Some((topic_id.clone(), *partition, pending.folded()))
            })
            .collect()
    }

    /// New users by product, channel and hour.
    pub fn new_users(&self) -> NewUsers {
        self.ledger
            .cells()
            .map(|((product, channel, hour_us), count)| {
                let product = self.products.name(u32::from(product)).to_string();
                (
                    Slot {
                        product,
                        channel: self.channel(channel),
                        hour_us,
                    },
                    count,
                )
            })
            .collect()
    }

    /// How many devices are new in all.
    pub fn new_user_count(&self) -> u64 {
        self.ledger.len() as u64
    }

    /// How often a claim took a device over from another channel while folding. Informational: it
    /// depends on the cuts, as it does for the engine.
    pub fn moved_credits(&self) -> u64 {
        self.ledger.moved()
    }

    /// What came of all records below the cut.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for (_, totals) in self.partitions.values() {
            sum.records += totals.records;
            for (outcome, count) in &totals.outcomes {
                *sum.outcomes.entry(*outcome).or_default() += count;
            }
        }
        sum
    }

    /// What came of the records below the cut, by topic id and partition.
    pub fn totals_by_partition(&self) -> BTreeMap<(String, i32), Totals> {
        self.partitions
            .iter()
            .filter_map(|((incarnation, partition), (_, totals))| {
                let topic_id = self.topics.get(usize::from(*incarnation))?;
                Some(((topic_id.clone(), *partition), totals.clone()))
            })
            .collect()
    }

    /// The first event of a device, if it is new below the cut.
    pub fn credited(&self, product: &str, device: &str) -> Option<Credited> {
        let product = self.products.find(product)? as u16;
        let credit = Credit {
            device: Device::parse(device)?,
            product,
        };
        self.ledger
            .winner(&credit)
            .map(|claim| self.spell_out(&credit, claim))
    }

    /// Every device that is new below the cut, in no order.
    pub fn expected_devices(&self) -> impl Iterator<Item = Credited> {
        self.ledger
            .winners()
            .map(|(credit, claim)| self.spell_out(credit, claim))
    }

    fn spell_out(&self, credit: &Credit, claim: &Claim) -> Credited {
        Credited {
            product: self.products.name(u32::from(credit.product)).to_string(),
            device: credit.device.to_string(),
            channel: self.channel(claim.channel),
            hour_us: hour_us(claim.event_time_us),
            event_time_us: claim.event_time_us,
            received_us: claim.received_us,
            partition: claim.place.partition,
            offset: claim.place.offset,
            element: claim.place.element,
        }
    }

    fn channel(&self, number: u32) -> Option<String> {
        (number != NO_CHANNEL).then(|| self.channels.name(number).to_string())
    }
}
