//! The first-seen index: key → (when its credit was received, which entry holds it), in memory.
//!
//! It answers "seen before?" for a whole micro-batch at once. A key is kept as a 96-bit keyed
//! [`Fingerprint`], in one of [`SHARDS`] small open-addressing tables that grow by themselves, so
//! that growth never stalls and never doubles memory. An entry is 24 bytes ([`Stored`] and the
//! fingerprint) at a load between 0.70 and 0.875: at most 36 bytes a key, at every size.
//!
//! Times are kept in milliseconds, rounded down and held within 48 bits. Both are monotone, so
//! "less" and "greater" can be trusted; where two are equal, the caller reads the entry.

mod fingerprint;
mod frozen;
mod shard;
mod slot;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use fingerprint::{Fingerprint, IndexKey};
pub use frozen::Frozen;
pub(crate) use slot::ENTRY_MAX;
pub use slot::{Stored, stored_ms};
pub use snapshot::{SnapshotHeader, read_snapshot, read_snapshot_header};
pub use table::{Index, SHARDS};
