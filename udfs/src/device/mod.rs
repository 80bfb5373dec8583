//! Device ids.
//!
//! [`canonical`] writes an id in the one form that is compared, [`deny_list`] knows the ids that
//! many devices share, and [`canonical_device`] takes the first good id of several.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod canonical_device;
pub mod deny_list;

mod canonical;

/// The functions of this family.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(
        canonical_device::CanonicalDevice::default(),
    ))]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
