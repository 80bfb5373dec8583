//! Bytes of a key on their way into the key ring.

use std::fmt;

/// Secret bytes: never printed, overwritten when dropped.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The bytes, for the code that expands them into a key.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the compiler would leave the fill out.
        std::hint::black_box(&self.0);
    }
}
