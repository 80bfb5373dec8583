//! Keys by id, and the key file that the engine reads them from.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// A key with the id that travels in clear. Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The id.
    pub id: String,
    /// 16 or 32 bytes.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The keys that clients encrypt with. The first is the current one; most records use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// The current key m7, the old one m6, and m5 of 128 bits, all derived from a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self::drawn(&mut ChaCha8Rng::seed_from_u64(seed ^ 0x6b65_7973))
    }

    /// The same three ids with secrets from the system's random numbers.
    pub fn random() -> Self {
        Self::drawn(&mut rand::rng())
    }

    fn drawn(rng: &mut impl RngCore) -> Self {
        let mut key = |id: &str, size: usize| {
            let mut secret = vec![0; size];
            rng.fill(secret.as_mut_slice());
            Key {
                id: id.to_owned(),
                secret,
            }
        };
        Self(vec![key("m7", 32), key("m6", 32), key("m5", 16)])
    }

    /// Takes keys as they are; the first is the current one.
    pub fn new(keys: Vec<Key>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::Invalid(
                "a key ring needs at least one key".to_owned(),
            ));
        }
        if let Some(key) = keys.iter().find(|key| !matches!(key.secret.len(), 16 | 32)) {
            let size = key.secret.len();
            return Err(Error::Invalid(format!(
                "key {}: {size} bytes, not 16 or 32",
                key.id
            )));
        }
        Ok(Self(keys))
    }

    /// Every key.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// A key id that is not among these.
    pub fn unknown_id(&self) -> String {
        let mut id = "m9".to_owned();
        while self.0.iter().any(|key| key.id == id) {
            id.push('9');
        }
        id
    }

    /// Writes the key file with mode 0600: a `[[key]]` table a key, with `id` and the base64 of
    /// the `secret`. An existing file is replaced.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = String::new();
        for key in &self.0 {
            let secret = STANDARD.encode(&key.secret);
            text.push_str(&format!(
                "[[key]]\nid = \"{}\"\nsecret = \"{secret}\"\n\n",
                key.id
            ));
        }
        let failed = |source| Error::file(path, "cannot write the key file", source);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_every_key_and_is_private() {
        let path = std::env::temp_dir().join(format!("generator-keys-{}.toml", std::process::id()));
        let keys = Keys::from_seed(7);
        keys.write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("[[key]]").count(), 3);
        for key in keys.keys() {
            let secret = STANDARD.encode(&key.secret);
            let table = format!("[[key]]\nid = \"{}\"\nsecret = \"{secret}\"\n", key.id);
            assert!(text.contains(&table), "{}", key.id);
        }
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn seeds_decide_the_secrets() {
        assert_eq!(Keys::from_seed(1), Keys::from_seed(1));
        assert_ne!(Keys::from_seed(1), Keys::from_seed(2));
        assert_ne!(Keys::random(), Keys::random());
    }

    #[test]
    fn nothing_shows_a_secret() {
        let shown = format!("{:?}", Keys::from_seed(1));
        assert!(shown.contains("m7") && !shown.contains("secret"), "{shown}");
    }
}
