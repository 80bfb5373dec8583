//! Headwater's engine: encrypted logs on Kafka become exact counts in Delta tables.
//!
//! A micro-batch of a source ([`kafka`]) goes through the pipelines ([`pipelines`]) of the SQL folder
//! ([`sql`]) and the first-seen ledger ([`ledger`]) into the published state ([`state`]), where
//! queries ([`query`]) see it at once, and from there, as part of a commit group, into Delta tables
//! ([`lake`]). This crate joins these: [`flow`] has the threads, [`start`] what they start with,
//! [`settings`] what a person sets, and [`Engine`] is all of it as a process runs it.

pub mod check;
pub mod engine;
pub mod flow;
pub mod settings;
pub mod start;

pub use check::check;
pub use engine::Engine;
