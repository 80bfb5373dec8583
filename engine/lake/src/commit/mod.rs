//! Commit groups: the one sequence in which everything durable happens.
//!
//! Delta has no commit over several tables, so a group has one commit point: version N of
//! `system.commits`, put if absent, carries the group's whole intent ([`Intent`]). Each table's
//! own commit follows, in the order of the tables' names, at the version that the intent pins.
//! A writer that starts takes the epoch, rolls forward what its predecessor left undone, and only
//! then reads Kafka ([`Committer::open`]).
//!
//! Invariants, held by the tests beside this module:
//!
//! - what a table holds is the sum of the committed groups, each exactly once;
//! - a version is put with the same bytes until it is there, and what is there decides
//!   ([`decide`]);
//! - a table has a version only if `system.commits` has the group that pins it;
//! - a fenced writer puts nothing into a table and deletes nothing;
//! - committing costs what is new, whatever the size of the tables.
//!
//! Reading order: `draft` (what a group is made of), `intent` and `entry` (what is written), [`decide`],
//! `committer`, `recovery`, `roll_forward`, then `maintainer` and `sweep`, which run beside the
//! flow.

mod commits_row;
mod commits_table;
mod committer;
pub mod decide;
mod draft;
mod entry;
mod intent;
mod maintainer;
mod put;
mod recovery;
mod roll_forward;
mod standing;
mod sweep;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use commits_table::{COMMITS, COMMITS_LOCATION, commits_schema, commits_table};
pub use committer::{Committed, Committer};
pub use draft::{GroupDraft, GroupKind, Incarnation, PartitionCount, WriterId};
pub use intent::Intent;
pub use maintainer::{Checkpointed, Maintainer};
pub use recovery::{Recovered, RecoveredTable};
pub use roll_forward::group_writer;
pub use standing::{TablePin, TablePins};
pub use sweep::{Sweeper, Swept};
