//! The content hash of a configuration: which SQL made a row.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// A hash over the files' names and substituted texts, in the order given, as 32 hexadecimal
/// digits. It tells configurations apart; it is no protection against forgery.
pub(super) fn configuration_hash<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hasher = SipHasher24::new_with_keys(0x6865_6164, 0x0077_6174_6572);
    for (name, text) in files {
        for part in [name, text] {
            hasher.write_u64(part.len() as u64);
            hasher.write(part.as_bytes());
        }
    }
    format!("{:032x}", hasher.finish128().as_u128())
}
