//! The stream of records: what it is made from, and how one of them is sealed.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::draft::{Draft, facts};
use super::element_json::push_hex;
use super::plan::Plan;
use super::population::{EarlierRun, Population, mix};
use super::record::Record;
use super::seal::Sealer;
use super::sent::{FirstEvent, SentElement, SentRecord, keep};
use crate::catalog::Catalog;
use crate::clock::US_PER_MS;
use crate::defect::{Defect, DefectCounts};
use crate::fact::{Fact, RecordFacts};
use crate::keys::Keys;
use crate::profile::Profile;

/// What decides a workload, apart from the clock.
#[derive(Clone, Debug)]
pub struct Seeding {
    /// The seed.
    pub seed: u64,
    /// The run's number in its books, from 1: handsets and event ids of two runs differ.
    pub run: u32,
    /// Earlier runs, whose handsets are known and return.
    pub earlier: Vec<EarlierRun>,
    /// How many first activations are booked and not sent.
    pub withhold: u32,
}

impl Seeding {
    /// A first run with nothing withheld.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            run: 1,
            earlier: Vec::new(),
            withhold: 0,
        }
    }
}

/// An endless stream of records.
pub struct Workload {
    pub(super) profile: Profile,
    pub(super) catalog: Catalog,
    pub(super) partitions: i32,
    pub(super) rng: ChaCha8Rng,
    /// Apart from the other draws, so that the number of partitions changes no record.
    pub(super) partition_rng: ChaCha8Rng,
    pub(super) plan: Plan,
    pub(super) population: Population,
    pub(super) sealer: Sealer,
    pub(super) defects: DefectCounts,
    pub(super) event_id_root: u64,
    pub(super) event_ids_made: u64,
    pub(super) records_made: u64,
    pub(super) sent_elements: VecDeque<SentElement>,
    pub(super) sent_records: VecDeque<SentRecord>,
    pub(super) to_move: VecDeque<FirstEvent>,
    pub(super) queued: VecDeque<Record>,
    pub(super) plain: String,
}

impl Workload {
    /// Starts a workload over so many partitions.
    pub fn new(profile: Profile, keys: &Keys, seeding: Seeding, partitions: i32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seeding.seed);
        rng.set_stream(u64::from(seeding.run));
        let mut partition_rng = rng.clone();
        partition_rng.set_stream(u64::from(seeding.run) | 1 << 32);
        let own = EarlierRun {
            run: seeding.run,
            seed: seeding.seed,
            devices: 0,
            withheld: seeding.withhold,
        };
        Self {
            plan: Plan::new(&profile, &mut rng),
            profile,
            catalog: Catalog::default(),
            partitions: partitions.max(1),
            population: Population::new(own, seeding.earlier),
            sealer: Sealer::new(keys),
            defects: DefectCounts::default(),
            event_id_root: mix(seeding.seed ^ mix(u64::from(seeding.run))),
            event_ids_made: 0,
            records_made: 0,
            sent_elements: VecDeque::new(),
            sent_records: VecDeque::new(),
            to_move: VecDeque::new(),
            queued: VecDeque::new(),
            plain: String::new(),
            rng,
            partition_rng,
        }
    }

    /// Products and channels.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How often each kind of defect was made.
    pub fn defects(&self) -> &DefectCounts {
        &self.defects
    }

    /// How many handsets this run has made.
    pub fn devices_made(&self) -> u64 {
        self.population.own_count()
    }

    /// Whether a record waits that belongs to one given before.
    pub fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }

    pub(super) fn partition_other_than(&mut self, partition: i32) -> i32 {
        if self.partitions == 1 {
            return 0;
        }
        (partition + self.partition_rng.random_range(1..self.partitions)) % self.partitions
    }

    /// Seals a body of drafted elements.
    pub(super) fn sealed(
        &mut self,
        body: &str,
        drafts: &[Draft],
        withheld: Vec<Fact>,
        received_ms: i64,
        partition: Option<i32>,
    ) -> Record {
        let alone = match drafts {
            [only] => Some([only.alone(body)]),
            _ => None,
        };
        let drafts = alone.as_ref().map_or(drafts, <[Draft; 1]>::as_slice);
        let gzip = self.rng.random_bool(self.profile.gzip_share);
        let flush_ms = received_ms - 40;
        let sealed = self
            .sealer
            .seal(body.as_bytes(), gzip, flush_ms, None, &mut self.rng);
        if sealed.older_key {
            self.defects.note(Defect::OlderKey);
        }
        let value = sealed.envelope;
        if self.rng.random_bool(1.0 / 32.0) {
            let (value, drafts) = (value.clone(), drafts.to_vec());
            keep(
                &mut self.sent_records,
                SentRecord {
                    value,
                    drafts,
                    received_ms,
                },
            );
        }
        let mut facts = facts(drafts, received_ms);
        let withheld_count = withheld.len();
        facts.extend(
            withheld
                .into_iter()
                .zip(drafts.len()..)
                .map(|(fact, at)| Fact {
                    element: at as i32,
                    ..fact
                }),
        );
        let record = self.record(Some(value), facts, received_ms, partition);
        Record {
            withheld: withheld_count,
            ..record
        }
    }

    pub(super) fn record(
        &mut self,
        value: Option<Vec<u8>>,
        facts: Vec<Fact>,
        received_ms: i64,
        partition: Option<i32>,
    ) -> Record {
        let key = self.rng.random_bool(0.9).then(|| {
            let mut key = String::with_capacity(8);
            push_hex(&mut key, self.rng.random(), 8);
            key.into_bytes()
        });
        let headers = if self.rng.random_bool(0.01) {
            let collector = format!("collector-{}", self.records_made % 5);
            vec![
                ("via".to_owned(), Some(collector.into_bytes())),
                ("empty".to_owned(), None),
            ]
        } else {
            Vec::new()
        };
        let partition =
            partition.unwrap_or_else(|| self.partition_rng.random_range(0..self.partitions));
        let received_us = received_ms * US_PER_MS;
        let facts = RecordFacts { received_us, facts };
        Record {
            key,
            value,
            headers,
            received_ms,
            partition,
            facts,
            withheld: 0,
        }
    }
}
