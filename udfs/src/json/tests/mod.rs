//! `from_json` against tables of cases, and against two independent parsers.

mod broken;
mod cases;
mod values;
mod well_typed;
