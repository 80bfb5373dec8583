//! The workload: an endless, seeded stream of records with the outcome of each element.
//!
//! Modules in reading order: `stream` has what records are made from; `next` decides by `plan` what
//! each one is: `mixed`, `broken` as a whole, or sent `again` (`sent` is what is kept for that).
//! `element` makes one element: its `conduct` says what is wrong with it, its handset comes from
//! the `population`, its ids and stamps from `identity` and `stamps`; `element_json` writes it,
//! `draft` remembers what it says. `seal` encrypts a record's plaintext; `record` is the result.

mod again;
mod broken;
mod conduct;
mod draft;
mod element;
mod element_json;
mod identity;
mod mixed;
mod next;
mod plan;
mod population;
mod record;
mod seal;
mod sent;
mod stamps;
mod stream;
#[cfg(test)]
mod tests;

pub use population::EarlierRun;
pub use record::Record;
pub use stream::{Seeding, Workload};
