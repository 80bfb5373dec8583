//! The index as it was at a commit, for a snapshot that is written while the index goes on.

use std::collections::HashMap;
use std::sync::Arc;

use super::shard::Shard;
use super::slot::Slot;
use super::table::shard_of;
use super::{Fingerprint, Index, IndexKey, Stored};

/// A copy of the index without what isn't committed. Making one is cheap: the shards are shared
/// until the index changes them, and each is let go once it is written.
#[derive(Debug)]
pub struct Frozen {
    pub(super) key: IndexKey,
    pub(super) shards: Vec<Arc<Shard>>,
    /// What uncommitted entries changed: what was there before them, by shard.
    before: HashMap<usize, HashMap<Fingerprint, Option<Stored>>>,
    pub(super) definition: String,
    pub(super) next_entry: i64,
}

impl Frozen {
    /// The index with some changes undone. `before` says what was stored for each key before its
    /// first uncommitted entry; `next_entry` is the number after the last entry that stays in;
    /// `definition` says what the index is of, and must be the same when it is read.
    pub fn new(
        index: &Index,
        before: impl IntoIterator<Item = (Fingerprint, Option<Stored>)>,
        definition: impl Into<String>,
        next_entry: i64,
    ) -> Self {
        let mut by_shard: HashMap<usize, HashMap<_, _>> = HashMap::new();
        for (fingerprint, stored) in before {
            by_shard
                .entry(shard_of(fingerprint))
                .or_default()
                .insert(fingerprint, stored);
        }
        Self {
            key: index.key,
            shards: index.shards.clone(),
            before: by_shard,
            definition: definition.into(),
            next_entry,
        }
    }

    /// The number after the last entry that is in.
    pub fn next_entry(&self) -> i64 {
        self.next_entry
    }

    /// The shards one after the other, each as its slots in order. A shard is let go before the
    /// next one is asked for.
    pub(super) fn into_sorted_shards(mut self) -> impl Iterator<Item = Vec<Slot>> {
        self.shards.into_iter().enumerate().map(move |(i, shard)| {
            let Some(before) = self.before.remove(&i) else {
                return shard.iter().collect();
            };
            let mut slots: Vec<Slot> = shard
                .iter()
                .filter(|slot| !before.contains_key(&slot.fingerprint()))
                .collect();
            slots.extend(
                before
                    .into_iter()
                    .filter_map(|(f, stored)| Some(Slot::new(f, stored?))),
            );
            slots.sort_unstable_by_key(Slot::fingerprint);
            slots
        })
    }
}
