//! The keys that records are encrypted with, by id.
//!
//! [`ring`] holds the keys, [`secret`] the bytes of one before it is expanded; [`key_known`] lets
//! SQL ask for an id. Nothing here prints, compares or returns key material.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub mod key_known;
pub mod ring;
pub mod secret;

pub use ring::{KeyError, KeyRing};
pub use secret::SecretBytes;

/// The functions of this family.
pub fn functions(keys: &Arc<KeyRing>) -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(key_known::KeyKnown::new(keys)))]
}
