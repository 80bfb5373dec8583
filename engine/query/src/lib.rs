//! Queries over the published state: SQL text comes in, and a session answers it from the one
//! instant that it pinned.
//!
//! Reading order: [`pinned`] carries a state through a session; [`provider`] scans a table of it;
//! [`session`] is the one place that makes sessions; [`interrupt`] ends a query that computes, by
//! way of `cooperative` joins; `bounded` functions don't make more than there is room for;
//! [`system`] shows the engine itself as tables. Nothing here changes the state.

mod bounded;
mod cooperative;
pub mod interrupt;
pub mod pinned;
pub mod provider;
mod public_schema;
pub mod session;
mod stored_files;
pub mod system;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

pub use bounded::plan_query;
pub use cooperative::interruptible;
pub use interrupt::{Interrupt, Interrupted};
pub use pinned::Pinned;
pub use session::{Sessions, SessionsConfig};
