//! The tie: what decides between elements of equal received and event time.

use sha2::{Digest, Sha256};

/// The first 8 bytes, as a big-endian number, of SHA-256 over the event id in UTF-8, or, where
/// there is none, over the element's bytes: the plaintext from the element's first byte to its last,
/// or, of a record with one element only, the whole plaintext.
pub fn tie(event_id: Option<&str>, element: &[u8]) -> u64 {
    let digest = Sha256::digest(event_id.map_or(element, str::as_bytes));
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // SHA-256 of "abc" begins with ba7816bf 8f01cfea.
        assert_eq!(tie(Some("abc"), b"ignored"), 0xba78_16bf_8f01_cfea);
        assert_eq!(tie(None, b"abc"), 0xba78_16bf_8f01_cfea);
        assert_eq!(tie(Some(""), b"abc"), 0xe3b0_c442_98fc_1c14);
    }
}
