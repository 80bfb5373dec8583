//! One entry of the index in 24 bytes: 96 bits of fingerprint, 48 of time, 48 of entry number.

use super::Fingerprint;

/// What the index knows of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stored {
    /// The order's leading time in the index's milliseconds: see [`stored_ms`].
    pub at_ms: i64,
    /// The number of the entry that holds the credit.
    pub entry: i64,
}

/// The greatest entry number that fits.
pub(crate) const ENTRY_MAX: i64 = (1 << 48) - 2;

const TIME_MIN: i64 = -(1 << 47);
const TIME_MAX: i64 = (1 << 47) - 1;
const LOW_48: u64 = (1 << 48) - 1;

/// A time as the index keeps it: whole milliseconds, rounded down, held within 48 bits (4,460 years
/// either side of 1970); no time at all comes last. Monotone, so only equality is uncertain.
pub fn stored_ms(time_us: Option<i64>) -> i64 {
    time_us.map_or(TIME_MAX, |us| us.div_euclid(1000).clamp(TIME_MIN, TIME_MAX))
}

/// A slot: the fingerprint's high word; its low word above the top halves of time and entry; the
/// low halves. The entry is kept plus one, so that zeroed memory is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) [u64; 3]);

impl Slot {
    pub(crate) const EMPTY: Self = Self([0; 3]);

    pub(crate) fn new(fingerprint: Fingerprint, stored: Stored) -> Self {
        let time = stored.at_ms as u64 & LOW_48;
        let entry = (stored.entry + 1) as u64 & LOW_48;
        Self([
            fingerprint.high,
            u64::from(fingerprint.low) << 32 | (time >> 32) << 16 | entry >> 32,
            time << 32 | entry & 0xffff_ffff,
        ])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0[1] & 0xffff == 0 && self.0[2] & 0xffff_ffff == 0
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            high: self.0[0],
            low: (self.0[1] >> 32) as u32,
        }
    }

    pub(crate) fn stored(&self) -> Stored {
        let time = (self.0[1] >> 16 & 0xffff) << 32 | self.0[2] >> 32;
        let entry = (self.0[1] & 0xffff) << 32 | self.0[2] & 0xffff_ffff;
        Stored {
            // Shifting up and down again extends the sign.
            at_ms: (time << 16) as i64 >> 16,
            entry: entry as i64 - 1,
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; 24]) -> Self {
        let mut words = [0; 3];
        for (word, from) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut eight = [0; 8];
            eight.copy_from_slice(from);
            *word = u64::from_le_bytes(eight);
        }
        Self(words)
    }
}
