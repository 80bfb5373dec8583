//! The first-seen ledger: who came first for each key, kept as entries of +1 and −1.
//!
//! A ledger credits each key to the least of its events in a total order ([`order`]). The minimum
//! of a total order is associative, commutative and idempotent, so batching, interleaving, replay
//! and crashes cannot change who is credited. [`Ledger`] is the one writer: it takes rows, asks the
//! [`index`] what is credited so far, nets what the rows of one call change, and returns the
//! entries to publish. The index is a cache: the entries whose signs sum to 1. It comes back from
//! a snapshot and the ledger's later files ([`catch_up`]), or from the whole ledger.
//!
//! Nothing here reads a table, a clock or Kafka: the flow brings old entries ([`EntryReader`]) and
//! the time of posting ([`Posting`]).
//!
//! In reading order: [`columns`], [`order`], [`ranks`], [`index`], [`posting`], `definition`,
//! `contest`, `holders`, `entry`, [`writer`], [`catch_up`].

pub mod catch_up;
pub mod columns;
mod contest;
mod definition;
mod entry;
mod holders;
pub mod index;
pub mod order;
pub mod posting;
pub mod ranks;
#[cfg(test)]
mod tests;
pub mod writer;

pub use catch_up::CatchUp;
pub use columns::engine_fields;
pub use definition::index_definition;
pub use entry::with_commit_group;
pub use index::{
    Fingerprint, Frozen, Index, IndexKey, SnapshotHeader, Stored, read_snapshot,
    read_snapshot_header,
};
pub use order::{Order, PositionRef, Rank};
pub use posting::{EntryKind, EntryReader, Evidence, Posting};
pub use writer::{Ledger, Prepared};
