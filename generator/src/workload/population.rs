//! The population: every handset that exists, derived from its number instead of being stored.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::catalog::{Application, Catalog};
use crate::fact::Name;

/// Handsets that one run brought into the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierRun {
    /// The run's number.
    pub run: u32,
    /// The run's seed.
    pub seed: u64,
    /// How many handsets it made.
    pub devices: u64,
    /// How many of them it withheld.
    pub withheld: u32,
}

/// One phone with one application on it.
#[derive(Clone, Debug)]
pub(super) struct Handset {
    pub(super) app_key: String,
    pub(super) product: Name,
    /// The channel that brought it.
    pub(super) channel: Name,
    pub(super) oaid: Option<u128>,
    pub(super) android_id: u64,
    /// Bits that decide model, brand and versions.
    pub(super) look: u64,
}

pub(super) struct Population {
    earlier: Vec<EarlierRun>,
    own: EarlierRun,
}

impl Population {
    pub(super) fn new(own: EarlierRun, earlier: Vec<EarlierRun>) -> Self {
        Self {
            earlier,
            own: EarlierRun { devices: 0, ..own },
        }
    }

    /// Handsets made by this run.
    pub(super) fn own_count(&self) -> u64 {
        self.own.devices
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.devices == 0 && self.earlier.iter().all(|run| run.devices == 0)
    }

    /// Makes the next handset; true with it where it must be withheld.
    pub(super) fn create(&mut self, catalog: &Catalog) -> (Handset, bool) {
        let number = self.own.devices;
        self.own.devices += 1;
        (
            handset(catalog, &self.own, number),
            is_withheld(self.own.withheld, number),
        )
    }

    /// A handset that was made before, more often a recent one; none where there is none.
    pub(super) fn returning(&self, catalog: &Catalog, rng: &mut ChaCha8Rng) -> Option<Handset> {
        for _ in 0..64 {
            let (run, number) = self.draw(rng)?;
            if !is_withheld(run.withheld, number) {
                return Some(handset(catalog, &run, number));
            }
        }
        None
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<(EarlierRun, u64)> {
        const RECENT: u64 = 2_000;
        let own = self.own.devices;
        if own > RECENT && rng.random_bool(0.2) {
            return Some((self.own, rng.random_range(own - RECENT..own)));
        }
        let all: u64 = own + self.earlier.iter().map(|run| run.devices).sum::<u64>();
        let mut at = (all > 0).then(|| rng.random_range(0..all))?;
        for run in &self.earlier {
            if at < run.devices {
                return Some((*run, at));
            }
            at -= run.devices;
        }
        Some((self.own, at))
    }
}

/// Every seventh handset from the sixth on is withheld until there are enough.
fn is_withheld(withheld: u32, number: u64) -> bool {
    number >= 5 && (number - 5).is_multiple_of(7) && (number - 5) / 7 < u64::from(withheld)
}

fn handset(catalog: &Catalog, run: &EarlierRun, number: u64) -> Handset {
    let root = mix(run.seed ^ mix(u64::from(run.run) ^ mix(number)));
    let bits = |salt: u64| mix(root ^ salt);
    let unit = |salt: u64| (bits(salt) >> 11) as f64 / (1u64 << 53) as f64;
    let application: &Application = catalog.application_at(unit(1), unit(2));
    let has_oaid = unit(4) < 0.85;
    Handset {
        app_key: application.app_key.clone(),
        product: application.product.clone(),
        channel: catalog.channel_at(application, unit(3)).clone(),
        // A nibble that is never 0 keeps the digits apart from the deny list.
        oaid: has_oaid.then(|| (u128::from(bits(5)) << 64) | u128::from(bits(6)) | (1 << 127)),
        android_id: bits(7) | (1 << 63),
        look: bits(8),
    }
}

/// The finalizer of SplitMix64: a bijection that scatters bits well.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
