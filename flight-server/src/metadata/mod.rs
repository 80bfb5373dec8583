//! Questions about the catalog: what there is, in the exact shapes that drivers check.

mod answer;
mod catalogs;
mod keys;
mod pattern;
mod schemas;
mod tables;
mod xdbc;

pub(crate) use answer::{answer, schema_of};
