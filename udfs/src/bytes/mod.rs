//! Bytes as they were before they were packed for transport.
//!
//! [`unbase64`] undoes base64, [`gunzip_if`] inflates what was compressed.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod gunzip_if;
pub mod unbase64;

mod gzip;

/// The functions of this family.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::from(unbase64::Unbase64::default())),
        Arc::new(ScalarUDF::from(gunzip_if::GunzipIf::default())),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
