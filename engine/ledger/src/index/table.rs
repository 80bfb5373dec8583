//! The index as a whole: shards chosen by the fingerprint's first bits, and a ceiling in bytes.

use std::sync::Arc;

use arrow::array::ArrayRef;
use common::{EngineError, Result};

use super::fingerprint::{Fingerprint, IndexKey};
use super::shard::{SHARD_BITS, Shard};
use super::slot::{Slot, Stored};

/// The number of shards.
pub const SHARDS: usize = 1 << SHARD_BITS;

/// How many lookups have their cache misses in flight together.
const LOOKAHEAD: usize = 32;

/// The first-seen index in memory. Shards are shared with a [`Frozen`](super::Frozen) copy until
/// one side changes.
#[derive(Debug, Clone)]
pub struct Index {
    pub(super) key: IndexKey,
    pub(super) shards: Vec<Arc<Shard>>,
    len: usize,
    shard_bytes: usize,
    bytes_max: usize,
}

impl Index {
    /// An empty index with a random key and a ceiling in bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self::with_key(IndexKey::random(), bytes_max)
    }

    /// An empty index with a given key, for tests and benches that must repeat.
    pub fn with_key(key: IndexKey, bytes_max: usize) -> Self {
        let shards = std::iter::repeat_with(Arc::<Shard>::default)
            .take(SHARDS)
            .collect();
        Self::from_shards(key, shards, bytes_max)
    }

    pub(super) fn from_shards(key: IndexKey, shards: Vec<Arc<Shard>>, bytes_max: usize) -> Self {
        Self {
            key,
            len: shards.iter().map(|s| s.len()).sum(),
            shard_bytes: shards.iter().map(|s| s.bytes()).sum(),
            shards,
            bytes_max,
        }
    }

    /// How many keys have a credit.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no key has a credit.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes that the index takes in memory.
    pub fn bytes(&self) -> usize {
        // A shard's own fields and the two counts of its Arc.
        let shard = size_of::<Shard>() + 2 * size_of::<usize>() + size_of::<Arc<Shard>>();
        self.shard_bytes + SHARDS * shard + size_of::<Self>()
    }

    /// The fingerprint of one key, given as its columns' values.
    pub fn fingerprint(&self, columns: &[&str]) -> Fingerprint {
        self.key.fingerprint(columns)
    }

    /// The fingerprints of every row, given the key's columns.
    pub fn fingerprints(&self, columns: &[ArrayRef]) -> Result<Vec<Fingerprint>> {
        self.key.fingerprints(columns)
    }

    /// What is stored for one key.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<Stored> {
        self.shards[shard_of(fingerprint)].get(fingerprint)
    }

    /// What is stored for each of many keys, in their order.
    pub fn lookup(&self, fingerprints: &[Fingerprint]) -> Vec<Option<Stored>> {
        let mut found = Vec::with_capacity(fingerprints.len());
        for chunk in fingerprints.chunks(LOOKAHEAD) {
            // Reads that don't wait for each other: the processor overlaps their cache misses.
            let touched = chunk
                .iter()
                .fold(0, |all, f| all ^ self.shards[shard_of(*f)].touch(*f));
            std::hint::black_box(touched);
            found.extend(chunk.iter().map(|f| self.get(*f)));
        }
        found
    }

    /// Makes room for these keys, as if none were there, or says that the ceiling forbids it; then
    /// nothing has changed. After it, that many calls of [`set`](Self::set) don't grow the index.
    pub fn reserve(&mut self, fingerprints: &[Fingerprint]) -> Result<()> {
        let mut shards: Vec<usize> = fingerprints.iter().map(|f| shard_of(*f)).collect();
        shards.sort_unstable();
        let runs: Vec<(usize, usize)> = shards
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len()))
            .collect();
        let grown: usize = runs
            .iter()
            .map(|(shard, more)| {
                let shard = &self.shards[*shard];
                shard.bytes_with(*more).saturating_sub(shard.bytes())
            })
            .sum();
        if grown > 0 && self.bytes() + grown > self.bytes_max {
            return Err(self.exhausted(fingerprints.len(), grown));
        }
        for (shard, more) in runs {
            if self.shards[shard].bytes_with(more) > self.shards[shard].bytes() {
                self.change(shard, |s| s.reserve(more));
            }
        }
        Ok(())
    }

    /// Puts what is stored for a key, and returns what was there. Only [`reserve`](Self::reserve)
    /// looks at the ceiling.
    pub fn set(&mut self, fingerprint: Fingerprint, stored: Stored) -> Option<Stored> {
        self.change(shard_of(fingerprint), |s| s.set(fingerprint, stored))
    }

    /// Forgets a key, and returns what was stored for it.
    pub fn remove(&mut self, fingerprint: Fingerprint) -> Option<Stored> {
        self.get(fingerprint)?;
        self.change(shard_of(fingerprint), |s| s.remove(fingerprint))
    }

    /// Everything stored, in the order of the fingerprints.
    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, Stored)> + '_ {
        self.shards
            .iter()
            .flat_map(|s| s.iter())
            .map(|slot: Slot| (slot.fingerprint(), slot.stored()))
    }

    fn change<T>(&mut self, shard: usize, change: impl FnOnce(&mut Shard) -> T) -> T {
        let shard = Arc::make_mut(&mut self.shards[shard]);
        let (len, bytes) = (shard.len(), shard.bytes());
        let result = change(shard);
        self.len = self.len + shard.len() - len;
        self.shard_bytes = self.shard_bytes + shard.bytes() - bytes;
        result
    }

    fn exhausted(&self, more: usize, grown: usize) -> EngineError {
        EngineError::exhausted(format!(
            "the first-seen index holds {} keys in {} bytes and would need {grown} bytes more for \
             up to {more} new ones, above its ceiling of {} bytes: raise ingest.index_bytes_max; \
             ingestion stops until then",
            self.len,
            self.bytes(),
            self.bytes_max
        ))
    }
}

pub(crate) fn shard_of(fingerprint: Fingerprint) -> usize {
    (fingerprint.high >> (64 - SHARD_BITS)) as usize
}
