//! A small open-addressing table whose slots stand in the order of their fingerprints.
//!
//! Linear probing, with each run of occupied slots kept sorted. The place where a fingerprint would
//! like to be is monotone in it, so the whole table is sorted: a miss ends as early as a hit, and
//! growing is one pass from the old slots to the new. Behind the slots that fingerprints map to
//! lies some slack, so that a run at the end doesn't wrap around.

use super::Fingerprint;
use super::slot::{Slot, Stored};

/// How many of a fingerprint's first bits choose the shard.
pub(crate) const SHARD_BITS: u32 = 10;
/// Grown when more than 7 of 8 slots would be taken …
const LOAD: (usize, usize) = (7, 8);
/// … to 5 for every 4.
const GROWTH: (usize, usize) = (5, 4);
const CAPACITY_MIN: usize = 8;

/// A shard: `capacity` slots that fingerprints map to, then slack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shard {
    slots: Vec<Slot>,
    capacity: usize,
    len: usize,
}

impl Shard {
    /// A shard of sorted slots without a duplicate, e.g. from a snapshot.
    pub(crate) fn from_sorted(sorted: &[Slot]) -> Self {
        let mut shard = Self::default();
        if !sorted.is_empty() {
            shard.rebuild(capacity_for(0, sorted.len()), sorted.iter().copied());
        }
        shard
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        slot_bytes(self.slots.capacity())
    }

    /// The bytes that the shard would have with room for so many more.
    pub(crate) fn bytes_with(&self, more: usize) -> usize {
        let capacity = capacity_for(self.capacity, self.len + more);
        if capacity == self.capacity {
            self.bytes()
        } else {
            slot_bytes(capacity + slack(capacity))
        }
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        let capacity = capacity_for(self.capacity, self.len + more);
        if capacity > self.capacity {
            self.grow(capacity);
        }
    }

    /// The first word of the slot where a fingerprint would like to be. A loop over this for many
    /// fingerprints has many cache misses in flight at once.
    pub(crate) fn touch(&self, fingerprint: Fingerprint) -> u64 {
        self.slots
            .get(home(fingerprint.high, self.capacity))
            .map_or(0, |slot| slot.0[0])
    }

    pub(crate) fn get(&self, fingerprint: Fingerprint) -> Option<Stored> {
        let slot = self.slots.get(self.seek(fingerprint))?;
        (!slot.is_empty() && slot.fingerprint() == fingerprint).then(|| slot.stored())
    }

    /// Puts a value, and returns the one that was there.
    pub(crate) fn set(&mut self, fingerprint: Fingerprint, stored: Stored) -> Option<Stored> {
        self.reserve(1);
        loop {
            let at = self.seek(fingerprint);
            let found = self.slots.get(at).copied().unwrap_or(Slot::EMPTY);
            if !found.is_empty() && found.fingerprint() == fingerprint {
                self.slots[at] = Slot::new(fingerprint, stored);
                return Some(found.stored());
            }
            // Shift the rest of the run to the right, into the next empty slot.
            let empty = self.slots[at.min(self.slots.len())..]
                .iter()
                .position(Slot::is_empty)
                .map(|i| at + i);
            if let Some(empty) = empty {
                self.slots.copy_within(at..empty, at + 1);
                self.slots[at] = Slot::new(fingerprint, stored);
                self.len += 1;
                return None;
            }
            // The slack is full, which a larger shard mends.
            self.grow(self.capacity * GROWTH.0 / GROWTH.1 + 1);
        }
    }

    /// Removes a value, and returns it.
    pub(crate) fn remove(&mut self, fingerprint: Fingerprint) -> Option<Stored> {
        let at = self.seek(fingerprint);
        let found = *self.slots.get(at)?;
        if found.is_empty() || found.fingerprint() != fingerprint {
            return None;
        }
        // Shift back the slots behind it that are not where they would like to be.
        let settled = self.slots[at + 1..]
            .iter()
            .enumerate()
            .find(|(i, slot)| slot.is_empty() || home(slot.0[0], self.capacity) == at + 1 + i)
            .map_or(self.slots.len(), |(i, _)| at + 1 + i);
        self.slots.copy_within(at + 1..settled, at);
        self.slots[settled - 1] = Slot::EMPTY;
        self.len -= 1;
        Some(found.stored())
    }

    /// All slots in the order of their fingerprints.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots.iter().copied().filter(|slot| !slot.is_empty())
    }

    /// Where a fingerprint is, or belongs.
    fn seek(&self, fingerprint: Fingerprint) -> usize {
        let mut at = home(fingerprint.high, self.capacity);
        while let Some(slot) = self.slots.get(at) {
            if slot.is_empty() || slot.fingerprint() >= fingerprint {
                break;
            }
            at += 1;
        }
        at
    }

    fn grow(&mut self, capacity: usize) {
        let old = std::mem::take(&mut self.slots);
        self.rebuild(capacity, old.into_iter().filter(|slot| !slot.is_empty()));
    }

    /// Lays sorted slots out anew, in a capacity that leaves the last run within the slack.
    fn rebuild(&mut self, capacity: usize, sorted: impl Iterator<Item = Slot>) {
        let mut slots = vec![Slot::EMPTY; capacity + slack(capacity)];
        let (mut next, mut len) = (0, 0);
        for slot in sorted {
            let at = home(slot.0[0], capacity).max(next);
            if at >= slots.len() {
                // Not reached by random fingerprints: a run longer than the slack, kept by room
                // beyond it.
                slots.resize(at + 1, Slot::EMPTY);
            }
            slots[at] = slot;
            next = at + 1;
            len += 1;
        }
        *self = Self {
            slots,
            capacity,
            len,
        };
    }
}

/// Where a fingerprint would like to be: monotone in it, among those of one shard.
fn home(high: u64, capacity: usize) -> usize {
    let within = high << SHARD_BITS;
    ((u128::from(within) * capacity as u128) >> 64) as usize
}

fn capacity_for(capacity: usize, len: usize) -> usize {
    if len * LOAD.1 <= capacity * LOAD.0 {
        return capacity;
    }
    let needed = (len * LOAD.1).div_ceil(LOAD.0);
    needed.max(capacity * GROWTH.0 / GROWTH.1).max(CAPACITY_MIN)
}

fn slack(capacity: usize) -> usize {
    8 + (capacity / 8).min(40)
}

fn slot_bytes(slots: usize) -> usize {
    slots * size_of::<Slot>()
}
