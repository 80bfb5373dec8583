//! Device ids: their canonical form, and the ids that stand for no device.

use std::fmt;

/// Ids that many devices share, in canonical form.
const DENIED: &[&str] = &[
    "",
    "000000000000000",
    "00000000000000000000000000000000",
    "020000000000",
    "9774d56d682e549c",
    "d41d8cd98f00b204e9800998ecf8427e",
    "null",
    "unknown",
];

/// A canonical device id: up to 32 hexadecimal digits, kept without loss in 17 bytes.
///
/// The generator makes no ids of another form, so that its books stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device {
    pub(crate) bits: [u64; 2],
    pub(crate) digits: u8,
}

impl Device {
    /// Reads a canonical id; `None` where it isn't 1 to 32 lower-case hexadecimal digits.
    pub fn parse(canonical: &str) -> Option<Self> {
        let lower = canonical
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let digits = u8::try_from(canonical.len())
            .ok()
            .filter(|n| (1..=32).contains(n))?;
        let bits = u128::from_str_radix(canonical, 16).ok().filter(|_| lower)?;
        Some(Self {
            bits: [(bits >> 64) as u64, bits as u64],
            digits,
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = (u128::from(self.bits[0]) << 64) | u128::from(self.bits[1]);
        write!(f, "{bits:0width$x}", width = usize::from(self.digits))
    }
}

/// The canonical form: trimmed, lower case, without `-`, `:`, `{` and `}`; `None` for an id on
/// the deny list, an empty one included.
pub fn canonical(id: &str) -> Option<String> {
    let text: String = id
        .trim()
        .chars()
        .filter(|c| !matches!(c, '-' | ':' | '{' | '}'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if DENIED.contains(&text.as_str()) {
        None
    } else {
        Some(text)
    }
}

/// The device of a mobile event: the oaid, else the android id, else none.
pub fn mobile_device(oaid: Option<&str>, android_id: Option<&str>) -> Option<String> {
    oaid.and_then(canonical)
        .or_else(|| android_id.and_then(canonical))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_device_are_one() {
        for id in [
            "1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5",
            "1FE9A970-EFBB-29E0-0BDD-F5DBBF751AB5",
            "{1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5}",
            " 1fe9a970efbb29e00bddf5dbbf751ab5\t",
            "1f:e9:a9:70:ef:bb:29:e0:0b:dd:f5:db:bf:75:1a:b5",
        ] {
            assert_eq!(canonical(id).unwrap(), "1fe9a970efbb29e00bddf5dbbf751ab5");
        }
    }

    #[test]
    fn shared_ids_are_denied() {
        for id in [
            "000000000000000",
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "02:00:00:00:00:00",
            "9774D56D682E549C",
            "d41d8cd98f00b204e9800998ecf8427e",
            "NULL",
            " unknown ",
            "",
            "--",
        ] {
            assert_eq!(canonical(id), None, "{id}");
        }
    }

    #[test]
    fn a_degenerate_oaid_gives_way_to_the_android_id() {
        let found = mobile_device(Some("unknown"), Some("0a1b2c3d4e5f6071"));
        assert_eq!(found.as_deref(), Some("0a1b2c3d4e5f6071"));
        assert_eq!(mobile_device(None, Some("null")), None);
    }

    #[test]
    fn ids_survive_packing() {
        for id in ["0a1b2c3d4e5f6071", "00000000000000000000000000000001", "f"] {
            assert_eq!(Device::parse(id).unwrap().to_string(), id);
        }
        assert_eq!(Device::parse("XYZ"), None);
        assert_eq!(Device::parse("ABC"), None);
        assert_eq!(Device::parse(""), None);
    }
}
