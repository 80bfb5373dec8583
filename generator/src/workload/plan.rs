//! The plan: what kind of record comes next.

use std::collections::VecDeque;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::defect::Defect;
use crate::profile::Profile;

/// Defects of whole records, by the outcome that they have.
pub(super) const MALFORMED: [Defect; 9] = [
    Defect::EnvelopeNotJson,
    Defect::EnvelopeWrongType,
    Defect::EmptyValue,
    Defect::NullValue,
    Defect::DeepNesting,
    Defect::BodyTruncated,
    Defect::BodyWrongType,
    Defect::BodyNull,
    Defect::EmptyArray,
];
pub(super) const UNDECRYPTABLE: [Defect; 4] = [
    Defect::WrongTag,
    Defect::TruncatedNonce,
    Defect::PayloadNotBase64,
    Defect::BrokenGzip,
];

/// Decides record by record. Every few records early on, one is forced to have a defect, until
/// each kind has come up as often as the profile wants.
pub(super) struct Plan {
    forced: VecDeque<Defect>,
    made: u64,
}

/// A forced defect comes up once in so many records.
const FORCED_EVERY: u64 = 3;

impl Plan {
    pub(super) fn new(profile: &Profile, rng: &mut ChaCha8Rng) -> Self {
        let mut forced = VecDeque::new();
        for _ in 0..profile.forced_early {
            let mut round = Defect::ALL.to_vec();
            // Nothing need force it: the seal draws a key for each record.
            round.retain(|defect| *defect != Defect::OlderKey);
            round.shuffle(rng);
            forced.extend(round);
        }
        Self { forced, made: 0 }
    }

    /// The defect that the next record must have, if any.
    pub(super) fn next(&mut self, profile: &Profile, rng: &mut ChaCha8Rng) -> Option<Defect> {
        self.made += 1;
        if self.made.is_multiple_of(FORCED_EVERY)
            && let Some(defect) = self.forced.pop_front()
        {
            return Some(defect);
        }
        let mut at: f64 = rng.random();
        let mut falls = |share: f64| {
            at -= share;
            at < 0.0
        };
        if falls(profile.malformed_share) {
            Some(one_of(&MALFORMED, rng))
        } else if falls(profile.undecryptable_share) {
            Some(one_of(&UNDECRYPTABLE, rng))
        } else if falls(profile.unknown_key_share) {
            Some(Defect::UnknownKey)
        } else if falls(profile.duplicate_record_share) {
            Some(Defect::DuplicateRecord)
        } else {
            None
        }
    }

    /// Puts off a defect that cannot be made yet.
    pub(super) fn later(&mut self, defect: Defect) {
        self.forced.push_back(defect);
    }
}

pub(super) fn one_of(defects: &[Defect], rng: &mut ChaCha8Rng) -> Defect {
    defects[rng.random_range(0..defects.len())]
}
