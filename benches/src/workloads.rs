//! The two workloads that are measured.

use clap::ValueEnum;
use generator::Profile;

/// Which workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workloads {
    /// One event a record, no gzip: the canonical workload.
    Canonical,
    /// Ten events a record, gzipped.
    Batched,
    /// One after the other.
    Both,
}

/// One of them.
pub struct Measured {
    /// What its figures are called by.
    pub name: &'static str,
    /// What its records are like.
    pub profile: fn() -> Profile,
    /// Events in a record.
    pub events_a_record: u64,
    /// How many records the canonical workload has for each of this one's: so that one takes about
    /// as long as the other.
    pub canonical_records_a_record: u64,
}

const CANONICAL: Measured = Measured {
    name: "canonical",
    profile: Profile::canonical,
    events_a_record: 1,
    canonical_records_a_record: 1,
};

const BATCHED: Measured = Measured {
    name: "batched",
    profile: Profile::batched,
    events_a_record: 10,
    canonical_records_a_record: 5,
};

impl Workloads {
    /// Each that is meant, in order.
    pub fn each(self) -> &'static [Measured] {
        match self {
            Self::Canonical => &[CANONICAL],
            Self::Batched => &[BATCHED],
            Self::Both => &[CANONICAL, BATCHED],
        }
    }
}
