//! One SQL statement, from text to a plan that can run many times.
//!
//! [`depth`] refuses what would become too deep a tree, [`placeholders`] numbers the question marks,
//! [`gate`] lets only reading statements through and takes out those for the session,
//! [`parameters`] finds the parameters' types and reads their values, and [`Statement`] holds the
//! plan with the schema that its results will have.

mod depth;
mod gate;
pub(crate) mod parameters;
mod placeholders;
mod planned;

pub(crate) use gate::SessionChange;
pub(crate) use parameters::Rows;
pub(crate) use planned::{Statement, Work, bind, schema_of_plan};
