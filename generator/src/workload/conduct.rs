//! The conduct of one element: what is wrong with it, one defect a family at most.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::plan::one_of;
use crate::defect::{Defect, DefectCounts};
use crate::profile::Profile;

const WRONG_TYPES: [Defect; 4] = [
    Defect::WrongTypedTime,
    Defect::WrongTypedChannel,
    Defect::WrongTypedApp,
    Defect::WrongTypedDevice,
];
const BAD_IDS: [Defect; 9] = [
    Defect::ZeroImei,
    Defect::ZeroUuid,
    Defect::PlaceholderMac,
    Defect::EmulatorId,
    Defect::DigestOfNothing,
    Defect::NullText,
    Defect::UnknownText,
    Defect::EmptyId,
    Defect::NoId,
];
const RESPELT_IDS: [Defect; 3] = [Defect::UpperCaseId, Defect::PunctuatedId, Defect::PaddedId];
const ODD_STAMPS: [Defect; 7] = [
    Defect::NoSendTime,
    Defect::NoSendTime,
    Defect::NoSendTime,
    Defect::NoSendTime,
    Defect::NoTime,
    Defect::IncoherentStamps,
    Defect::WindowEdge,
];

/// What is wrong with an element, by family. Families are independent of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Conduct {
    /// The JSON's shape.
    pub(super) shape: Option<Defect>,
    /// The device's ids.
    pub(super) identity: Option<Defect>,
    /// The client's stamps.
    pub(super) stamps: Option<Defect>,
    /// The channel.
    pub(super) channel: Option<Defect>,
    pub(super) no_event_id: bool,
    pub(super) test: bool,
}

impl Conduct {
    /// Draws by the profile's shares.
    pub(super) fn draw(profile: &Profile, returning: bool, rng: &mut ChaCha8Rng) -> Self {
        Self {
            shape: shape(profile, rng),
            identity: identity(profile, rng),
            stamps: stamps(profile, rng),
            channel: channel(profile, returning, rng),
            no_event_id: rng.random_bool(profile.no_event_id_share),
            test: rng.random_bool(profile.test_share),
        }
        .settled()
    }

    /// The conduct of an element that must show one defect and nothing that hides it.
    pub(super) fn forced(defect: Defect) -> Self {
        let mut conduct = Self::default();
        match defect {
            Defect::NullElement
            | Defect::NonObjectElement
            | Defect::UnknownApp
            | Defect::MissingAppKey => conduct.shape = Some(defect),
            _ if WRONG_TYPES.contains(&defect) => conduct.shape = Some(defect),
            _ if BAD_IDS.contains(&defect) || RESPELT_IDS.contains(&defect) => {
                conduct.identity = Some(defect);
            }
            Defect::DegenerateOaid => conduct.identity = Some(defect),
            Defect::SkewedClock | Defect::WrongClock | Defect::Backdated | Defect::Late => {
                conduct.stamps = Some(defect);
            }
            _ if ODD_STAMPS.contains(&defect) => conduct.stamps = Some(defect),
            Defect::Reinstall | Defect::Upgrade | Defect::UnknownChannel | Defect::NoChannel => {
                conduct.channel = Some(defect)
            }
            Defect::NoEventId => conduct.no_event_id = true,
            Defect::TestTraffic => conduct.test = true,
            _ => {}
        }
        conduct
    }

    /// Drops what another family hides, so that each defect counted is one that shows.
    fn settled(mut self) -> Self {
        match self.shape {
            None | Some(Defect::WrongTypedApp) => {}
            Some(Defect::WrongTypedTime) => self.stamps = None,
            Some(Defect::WrongTypedChannel) => self.channel = None,
            Some(_) => {
                self = Self {
                    shape: self.shape,
                    ..Self::default()
                }
            }
        }
        if self
            .identity
            .is_some_and(|defect| BAD_IDS.contains(&defect))
        {
            self = Self {
                identity: self.identity,
                ..Self::default()
            };
        }
        self
    }

    /// Whether a first event of this conduct credits the handset's own device to its own channel.
    pub(super) fn is_creditable(&self) -> bool {
        self.shape.is_none() && self.identity.is_none() && self.channel.is_none() && !self.test
    }

    /// Counts what is wrong.
    pub(super) fn count(&self, counts: &mut DefectCounts) {
        for defect in [self.shape, self.identity, self.stamps, self.channel]
            .into_iter()
            .flatten()
        {
            // Lateness is counted where the delay is drawn.
            if defect != Defect::Late {
                counts.note(defect);
            }
        }
        if self.no_event_id {
            counts.note(Defect::NoEventId);
        }
        if self.test {
            counts.note(Defect::TestTraffic);
        }
    }
}

fn shape(profile: &Profile, rng: &mut ChaCha8Rng) -> Option<Defect> {
    let mut at: f64 = rng.random();
    let mut falls = falling(&mut at);
    if falls(profile.malformed_element_share) {
        Some(one_of(
            &[Defect::NullElement, Defect::NonObjectElement],
            rng,
        ))
    } else if falls(profile.unknown_app_share) {
        Some(one_of(
            &[
                Defect::UnknownApp,
                Defect::UnknownApp,
                Defect::MissingAppKey,
            ],
            rng,
        ))
    } else if falls(profile.wrong_type_share) {
        Some(one_of(&WRONG_TYPES, rng))
    } else {
        None
    }
}

fn identity(profile: &Profile, rng: &mut ChaCha8Rng) -> Option<Defect> {
    let mut at: f64 = rng.random();
    let mut falls = falling(&mut at);
    if falls(profile.bad_device_share) {
        Some(one_of(&BAD_IDS, rng))
    } else if falls(profile.bad_device_share) {
        Some(Defect::DegenerateOaid)
    } else if falls(profile.respelt_device_share) {
        Some(one_of(&RESPELT_IDS, rng))
    } else {
        None
    }
}

fn stamps(profile: &Profile, rng: &mut ChaCha8Rng) -> Option<Defect> {
    let mut at: f64 = rng.random();
    let mut falls = falling(&mut at);
    if falls(profile.wrong_clock_share * 0.8) {
        Some(Defect::SkewedClock)
    } else if falls(profile.wrong_clock_share * 0.2) {
        Some(Defect::WrongClock)
    } else if falls(profile.odd_stamps_share) {
        Some(one_of(&ODD_STAMPS, rng))
    } else if falls(profile.backdated_share) {
        Some(Defect::Backdated)
    } else {
        None
    }
}

fn channel(profile: &Profile, returning: bool, rng: &mut ChaCha8Rng) -> Option<Defect> {
    let mut at: f64 = rng.random();
    let mut falls = falling(&mut at);
    if falls(profile.unknown_channel_share) {
        Some(Defect::UnknownChannel)
    } else if falls(profile.no_channel_share) {
        Some(Defect::NoChannel)
    } else if returning && falls(profile.other_channel_share) {
        Some(one_of(&[Defect::Reinstall, Defect::Upgrade], rng))
    } else {
        None
    }
}

/// Tells, share by share, into which one a point of `[0, 1)` falls.
fn falling(at: &mut f64) -> impl FnMut(f64) -> bool {
    |share| {
        *at -= share;
        *at < 0.0
    }
}
