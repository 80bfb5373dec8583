//! Device ids that many devices share, in canonical form.
//!
//! Such an id hides thousands of users behind one. Ids of nothing but zeros, at any length, and of
//! nothing but `f`, from 8 characters on, are denied by rule; the others by name.

/// An id and why it names no device.
pub type Denied = (&'static str, &'static str);

/// Sorted by id.
pub const DENY_LIST: &[Denied] = &[
    ("(null)", "a null that was printed"),
    ("004999010640000", "IMEI of cloned phones"),
    ("012345678912345", "IMEI of cloned phones"),
    ("0123456789abcdef", "placeholder of emulators"),
    (
        "020000000000",
        "MAC address that Android gives instead of the real one",
    ),
    (
        "0f607264fc6318a92b9e13c65db7cd3c",
        "MD5 of 02:00:00:00:00:00",
    ),
    ("111111111111111", "IMEI of cloned phones"),
    ("123456789012345", "placeholder"),
    ("1234567890abcdef", "placeholder of emulators"),
    ("334c4a4c42fdb79d7ebc3e73b517e6f8", "MD5 of none"),
    ("37a6259cc0c1dae299a7866489dff0bd", "MD5 of null"),
    ("5284047f4ffb4e04824a2fd1d1f0cd62", "MD5 of 000000000000000"),
    ("5e543256c480ac577d30f76f9120eb74", "MD5 of undefined"),
    ("812345678912343", "IMEI of cloned phones"),
    (
        "9774d56d682e549c",
        "android_id of a whole series of phones with Android 2.2",
    ),
    (
        "9f89c84a559f573636a47ff8daed0d33",
        "MD5 of the UUID of zeros",
    ),
    ("<null>", "a null that was printed"),
    ("ad921d60486366258809553a3db49a4a", "MD5 of unknown"),
    (
        "cf95dc53f383f9a836fd749f3ef439cd",
        "MD5 of 9774d56d682e549c",
    ),
    ("cfcd208495d565ef66e7dff9f98764da", "MD5 of 0"),
    ("d41d8cd98f00b204e9800998ecf8427e", "MD5 of an empty text"),
    (
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "SHA-1 of an empty text",
    ),
    ("default", "placeholder"),
    (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "SHA-256 of an empty text",
    ),
    ("empty", "placeholder"),
    ("error", "an answer that was no id"),
    ("false", "an answer that was no id"),
    ("n/a", "placeholder"),
    ("na", "placeholder"),
    ("nan", "a missing number that was printed"),
    ("nil", "a null that was printed"),
    ("none", "a null that was printed"),
    ("not available", "placeholder"),
    ("null", "a null that was printed"),
    ("nullnull", "two nulls that were joined"),
    ("true", "an answer that was no id"),
    ("unavailable", "placeholder"),
    ("undefined", "a missing value that JavaScript printed"),
    ("unknown", "placeholder of Android"),
];

/// From this length on an id of nothing but `f` is a register that was never set.
const ALL_F_LENGTH_MIN: usize = 8;

/// Whether a canonical id is denied.
#[inline]
pub fn is_denied(id: &[u8]) -> bool {
    match id.first() {
        Some(b'0') if id.iter().all(|&byte| byte == b'0') => true,
        Some(b'f') if id.len() >= ALL_F_LENGTH_MIN && id.iter().all(|&byte| byte == b'f') => true,
        _ => DENY_LIST
            .binary_search_by(|(denied, _)| denied.as_bytes().cmp(id))
            .is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical::append_canonical;
    use super::*;

    #[test]
    fn the_list_is_sorted_canonical_and_explained() {
        assert!(DENY_LIST.is_sorted_by(|(a, _), (b, _)| a < b));
        for (id, reason) in DENY_LIST {
            let mut form = Vec::new();
            append_canonical(id, &mut form);
            assert_eq!(form, id.as_bytes(), "{id} is not canonical");
            assert!(!reason.is_empty());
            assert!(is_denied(id.as_bytes()));
        }
    }

    #[test]
    fn constants_are_denied_by_rule() {
        for id in [
            "0",
            "000000000000000",
            "00000000000000000000000000000000",
            "ffffffff",
        ] {
            assert!(is_denied(id.as_bytes()), "{id}");
        }
        for id in ["", "f", "fffffff", "0000000000000001", "a", "fffffffe"] {
            assert!(!is_denied(id.as_bytes()), "{id}");
        }
    }
}
