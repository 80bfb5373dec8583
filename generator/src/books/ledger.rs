//! The winners: for each device the first claim so far, and the counts that follow from them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::claim::{Claim, Credit};
use super::names::Names;
use crate::clock::hour_us;

/// A count's place: product, channel and the start of the hour.
pub(super) type Cell = (u16, u32, i64);

#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    winners: HashMap<Credit, Claim, BuildHasherDefault<DeviceHasher>>,
    cells: HashMap<Cell, i64>,
    moved: u64,
}

impl Ledger {
    /// Lets a claim compete.
    pub(super) fn enter(&mut self, credit: Credit, claim: Claim, channels: &Names) {
        let cell = |claim: &Claim| (credit.product, claim.channel, hour_us(claim.event_time_us));
        match self.winners.get_mut(&credit) {
            None => {
                self.winners.insert(credit, claim);
                *self.cells.entry(cell(&claim)).or_default() += 1;
            }
            Some(winner) if claim.compare(winner, channels).is_lt() => {
                *self.cells.entry(cell(winner)).or_default() -= 1;
                *self.cells.entry(cell(&claim)).or_default() += 1;
                self.moved += u64::from(winner.channel != claim.channel);
                *winner = claim;
            }
            Some(_) => {}
        }
    }

    pub(super) fn winner(&self, credit: &Credit) -> Option<&Claim> {
        self.winners.get(credit)
    }

    pub(super) fn winners(&self) -> impl Iterator<Item = (&Credit, &Claim)> {
        self.winners.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.winners.len()
    }

    /// Counts that are not zero.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Cell, i64)> {
        self.cells
            .iter()
            .filter(|(_, count)| **count != 0)
            .map(|(cell, count)| (*cell, *count))
    }

    /// How often a claim took a device over from another channel.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }
}

/// Mixes the words of a key; device ids are random already.
#[derive(Clone, Debug, Default)]
pub(super) struct DeviceHasher(u64);

impl Hasher for DeviceHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk
                .iter()
                .fold(0, |word, byte| (word << 8) | u64::from(*byte));
            self.write_u64(word);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
