//! The books: what the generator knows must come out, cut at any position.
//!
//! Modules in reading order: a `cut` says how far somebody has read; `claim` is one entry in the
//! contest for a device, with DOMAIN.md's order; `pending` keeps a partition's facts until a cut
//! passes them; `ledger` keeps the winners; `book` puts these together; `compare` finds where others
//! differ. On disk, `csv` is one fact as a line, `runs` the list of runs, `folder` loads both, and
//! `writer` appends in the background.

mod book;
mod claim;
mod compare;
mod csv;
mod cut;
mod folder;
mod ledger;
mod names;
mod pending;
mod runs;
#[cfg(test)]
mod tests;
mod writer;

pub use book::{Books, Coverage, Credited, Gap, NewUsers, Slot, Totals};
pub use compare::{CreditDifference, Difference};
pub use cut::Cut;
pub use folder::Folder;
pub use runs::{Run, TopicRun};
pub(crate) use writer::FactsWriter;
