//! The key ring: expanded AES-GCM keys by id.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use hashbrown::HashMap;

use super::SecretBytes;

/// Why a key cannot be in a ring. Never says anything about the secret but its length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither AES-128 nor AES-256.
    #[error("key {id:?} has {bytes} bytes; an AES key has 16 or 32: make a new one")]
    WrongLength {
        /// The key's id.
        id: String,
        /// The length of the secret.
        bytes: usize,
    },
    /// Records name a key by its id alone.
    #[error("key id {id:?} stands twice in the key ring; remove one of them")]
    DuplicateId {
        /// The id that two keys share.
        id: String,
    },
    /// An id that no record can name.
    #[error("a key in the key ring has an empty id; give it the id that records name it by")]
    EmptyId,
}

/// Expanded keys by id. Cheap to clone; a batch reads one [`KeyRing::snapshot`] throughout.
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: Arc<KeySet>,
}

/// The keys of one moment.
#[derive(Default)]
pub(crate) struct KeySet {
    by_id: HashMap<String, LessSafeKey>,
    /// Of each key by its id: a hash that differs where the secret does.
    fingerprints: BTreeMap<String, [u8; 32]>,
}

impl KeyRing {
    /// Expands each key once. Fails on a secret that is not 16 or 32 bytes long, an id that
    /// stands twice, or an empty one.
    pub fn new(keys: impl IntoIterator<Item = (String, SecretBytes)>) -> Result<Self, KeyError> {
        let mut by_id = HashMap::new();
        let mut fingerprints = BTreeMap::new();
        for (id, secret) in keys {
            if id.is_empty() {
                return Err(KeyError::EmptyId);
            }
            let key = expand(&id, &secret)?;
            if by_id.contains_key(&id) {
                return Err(KeyError::DuplicateId { id });
            }
            fingerprints.insert(id.clone(), fingerprint(&id, &secret));
            by_id.insert(id, key);
        }
        Ok(Self {
            keys: Arc::new(KeySet {
                by_id,
                fingerprints,
            }),
        })
    }

    /// What tells this ring from every other: 32 hexadecimal digits that change with any id and any
    /// secret. It may be stored and shown: secrets are random bits, too many to be guessed from a
    /// hash.
    pub fn version(&self) -> String {
        let mut all = Context::new(&SHA256);
        for fingerprint in self.keys.fingerprints.values() {
            all.update(fingerprint);
        }
        let all = all.finish();
        all.as_ref()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Whether a key of this id is in the ring.
    pub fn contains(&self, id: &str) -> bool {
        self.keys.get(id).is_some()
    }

    /// The ids in the ring, sorted.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.keys.by_id.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// The keys as they are at this moment.
    pub(crate) fn snapshot(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys)
    }
}

impl KeySet {
    #[inline]
    pub(crate) fn get(&self, id: &str) -> Option<&LessSafeKey> {
        self.by_id.get(id)
    }
}

/// SHA-256 over a key's id, preceded by its length, and its secret.
fn fingerprint(id: &str, secret: &SecretBytes) -> [u8; 32] {
    let mut of = Context::new(&SHA256);
    of.update(&(id.len() as u64).to_le_bytes());
    of.update(id.as_bytes());
    of.update(secret.expose());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(of.finish().as_ref());
    bytes
}

fn expand(id: &str, secret: &SecretBytes) -> Result<LessSafeKey, KeyError> {
    let wrong_length = || KeyError::WrongLength {
        id: id.to_string(),
        bytes: secret.expose().len(),
    };
    let algorithm = match secret.expose().len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return Err(wrong_length()),
    };
    let key = UnboundKey::new(algorithm, secret.expose()).map_err(|_| wrong_length())?;
    Ok(LessSafeKey::new(key))
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ids", &self.ids()).finish()
    }
}

/// Two rings are equal if they are the same one: planning compares functions, and key material is
/// never compared.
impl PartialEq for KeyRing {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys)
    }
}

impl Eq for KeyRing {}

impl Hash for KeyRing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.keys).hash(state);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn ring(keys: &[(&str, usize)]) -> Result<KeyRing, KeyError> {
        KeyRing::new(
            keys.iter()
                .map(|&(id, bytes)| (id.to_string(), SecretBytes::from(vec![0xAB; bytes]))),
        )
    }

    #[test]
    fn both_key_lengths_are_taken() {
        let ring = ring(&[("m8", 32), ("m7", 16)]).unwrap();
        assert_eq!(ring.ids(), ["m7", "m8"]);
        assert!(ring.contains("m7"));
        assert!(!ring.contains("m9"));
    }

    #[test]
    fn a_key_of_another_length_is_refused_by_its_id() {
        for bytes in [0, 15, 24, 33] {
            let error = ring(&[("m7", bytes)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("key \"m7\" has {bytes} bytes; an AES key has 16 or 32: make a new one")
            );
        }
    }

    #[test]
    fn an_id_that_stands_twice_is_refused() {
        let id = "m7".to_string();
        assert_eq!(
            ring(&[("m7", 16), ("m7", 32)]).unwrap_err(),
            KeyError::DuplicateId { id }
        );
        assert_eq!(ring(&[("", 16)]).unwrap_err(), KeyError::EmptyId);
    }

    #[test]
    fn the_version_changes_with_an_id_and_with_a_secret_alone() {
        let version = |keys: &[(&str, u8)]| {
            let keys = keys
                .iter()
                .map(|&(id, byte)| (id.to_string(), SecretBytes::from(vec![byte; 16])));
            KeyRing::new(keys).unwrap().version()
        };
        let first = version(&[("m7", 1), ("m8", 2)]);
        assert_eq!(first.len(), 32);
        assert_eq!(version(&[("m8", 2), ("m7", 1)]), first);
        for other in [
            &[("m7", 1)][..],
            &[("m7", 1), ("m9", 2)],
            &[("m7", 1), ("m8", 3)],
            &[("m7", 2), ("m8", 1)],
        ] {
            assert_ne!(version(other), first, "{other:?}");
        }
        assert_eq!(KeyRing::default().version(), version(&[]));
    }

    #[test]
    fn debug_shows_ids_alone() {
        let ring = ring(&[("m7", 16)]).unwrap();
        assert_eq!(format!("{ring:?}"), "KeyRing { ids: [\"m7\"] }");
        let secret = SecretBytes::from(vec![0xAB; 16]);
        assert_eq!(format!("{secret:?}"), "SecretBytes(redacted)");
    }
}
