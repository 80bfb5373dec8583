//! Queries over the published state: SQL text comes in, and a session answers it from the one
//! instant that it pinned.
//!
//! Reading order: [`pinned`] carries a state through a session; [`provider`] scans a table of it;
//! [`session`] is the one place that makes sessions; [`interrupt`] ends a query that computes, by
//! way of `cooperative` joins; `function_limits` keeps calls from making more than there is room for;
//! `plan_query` refuses plans that nothing could bound; [`system`] shows the engine itself as
//! tables. Nothing here changes the state.

mod cooperative;
mod function_limits;
pub mod interrupt;
pub mod pinned;
mod plan_query;
pub mod provider;
mod public_schema;
pub mod session;
mod stored_files;
pub mod system;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

pub use cooperative::interruptible;
pub use interrupt::{Interrupt, Interrupted};
pub use pinned::Pinned;
pub use plan_query::plan_query;
pub use session::{Sessions, SessionsConfig};
