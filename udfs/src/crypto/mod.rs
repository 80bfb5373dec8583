//! Decryption, and digests.
//!
//! [`open`] is the kernel, from a column of sealed bytes to a column of plaintext; [`aes_decrypt`]
//! puts two SQL functions around it, one that raises and one that answers null. [`tie`] is the
//! short digest that orders events of one instant.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use crate::keys::KeyRing;

pub mod aes_decrypt;
pub mod tie;

mod open;

/// The functions of this family.
pub fn functions(keys: &Arc<KeyRing>) -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::from(aes_decrypt::AesDecrypt::lenient(keys))),
        Arc::new(ScalarUDF::from(aes_decrypt::AesDecrypt::raising(keys))),
        Arc::new(ScalarUDF::from(tie::Tie::default())),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
