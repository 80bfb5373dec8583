//! Pipelines: a row-local query, planned once and run on micro-batches.
//!
//! A query goes through these modules: [`refused_clauses`] refuses in its syntax tree what is not
//! row-local, with its place; [`query_plan`] lets DataFusion plan it; [`by_name`] matches its columns to the
//! sink's; [`lenient_casts`] makes nulls of casts that fail; [`row_local`] turns the optimized plan
//! into [`stages`], and refuses whatever is left that is not row-local. A micro-batch goes through the stages as a [`frame`]: [`unnesting`] makes rows
//! of elements, [`lookup`] joins dimensions, and [`sink`] sorts rows from dead letters, which lack
//! what is [`required`] among others; [`isolation`] finds the records that an expression raises on,
//! which are dead letters in an [`output`], and not among [`ledger_rows`].
//! [`plan`] and [`ledger_plan`] are what the engine holds.

mod by_name;
mod check;
mod evaluate;
mod frame;
mod isolation;
mod ledger_plan;
mod ledger_rows;
mod lenient_casts;
mod lookup;
mod output;
mod plan;
mod query_plan;
mod refused_clauses;
mod required;
mod row_local;
mod sink;
mod stages;
mod target;
mod unnesting;

pub use check::check;
pub use frame::Origins;
pub use ledger_plan::{LedgerCandidates, LedgerKeys, LedgerPipelinePlan};
pub use output::{PipelineOutput, Rejects};
pub use plan::PipelinePlan;

#[cfg(test)]
mod tests;
