//! Lists whose elements become rows.
//!
//! [`elements`] numbers the elements, [`slices`] finds the bytes that each came from.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod elements;

mod slices;

/// The functions of this family.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(elements::Elements::default()))]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
