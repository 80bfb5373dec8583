//! JSON text to columns, in one pass.
//!
//! [`schema`] reads the declared schema, [`reader`] walks the text token by token, [`column`] and
//! the columns at its bottom, [`plain_columns`], receive the values, [`field_names`] finds the field
//! that a key stands for, and [`from_json`] joins them into the SQL function. A text is read once,
//! front to back; its values go straight into the buffers of the result.
//!
//! The reader is our own because one pass needs three things at once that JSON crates don't give
//! together: rows of a schema known only at run time, keys predicted from the record before, and
//! the text of a value as it stands. It is held against two independent parsers in the tests.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod from_json;
pub mod schema;

pub(crate) mod broken;
mod column;
mod escape;
mod field_names;
mod number;
mod plain_columns;
pub(crate) mod reader;

#[cfg(test)]
mod tests;

/// The functions of this family.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(from_json::FromJson::default()))]
}
