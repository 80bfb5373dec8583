//! The key ring file: TOML with one `[[key]]` table a key, readable by its owner only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use udfs::keys::{KeyRing, SecretBytes};

use crate::failure::{Failure, Outcome};
use crate::private_file::PrivateFile;

/// A key as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    /// The id that records name.
    pub id: String,
    /// 16 or 32 bytes in base64.
    pub secret: String,
}

/// The file's content.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Its keys.
    #[serde(default, rename = "key")]
    pub keys: Vec<StoredKey>,
}

impl StoredKey {
    /// Checks an id that a key is to have: it stands in records and in messages.
    pub fn check_id(id: &str) -> Outcome {
        if !id.is_empty() && id.trim() == id && !id.contains(char::is_control) {
            return Ok(());
        }
        Err(Failure::invalid(vec![format!(
            "{id:?} is no id of a key: it must have a character, none of a line break's kind, and \
             no space at its ends"
        )]))
    }

    /// A fresh random key.
    pub fn fresh(id: &str, bits: usize) -> Outcome<Self> {
        let mut secret = vec![0; bits / 8];
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|_| Failure::no("the system gives no random bytes"))?;
        Ok(Self {
            id: id.to_owned(),
            secret: STANDARD.encode(secret),
        })
    }

    /// The secret's length in bits; an error names the key's id and never shows the secret.
    pub fn bytes(&self) -> Outcome<Vec<u8>> {
        let wrong = || {
            Failure::invalid(vec![format!(
                "key {}: its secret is not 16 or 32 bytes in base64",
                self.id
            )])
        };
        let bytes = STANDARD.decode(self.secret.trim()).map_err(|_| wrong())?;
        match bytes.len() {
            16 | 32 => Ok(bytes),
            _ => Err(wrong()),
        }
    }
}

impl KeyFile {
    /// Reads the file. Refused where others than its owner may read it.
    pub fn read(path: &Path) -> Outcome<Self> {
        let place = path.display();
        let about = |what: String| Failure::invalid(vec![format!("key file {place}: {what}")]);
        let metadata = fs::metadata(path).map_err(|e| {
            about(format!(
                "{e}; make one with `headwater keys make --file {place}`"
            ))
        })?;
        if !metadata.is_file() {
            return Err(about("it is not a file".to_owned()));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(about(format!(
                "others than its owner may read it (mode {mode:03o}); run `chmod 600 {place}`"
            )));
        }
        let text = fs::read_to_string(path).map_err(|e| about(e.to_string()))?;
        let file: Self = toml::from_str(&text).map_err(|e| {
            // The parser's own message would quote the line, and with it a secret.
            let line = e.span().map_or(1, |s| {
                1 + text[..s.start.min(text.len())].matches('\n').count()
            });
            about(format!(
                "line {line} is not as expected: [[key]] tables with id and secret, both texts"
            ))
        })?;
        for (i, key) in file.keys.iter().enumerate() {
            key.bytes()?;
            if file.keys[..i].iter().any(|k| k.id == key.id) {
                return Err(about(format!("key id {} stands twice", key.id)));
            }
        }
        Ok(file)
    }

    /// Writes the file so that only its owner can read it.
    pub fn write(&self, file: &PrivateFile) -> Outcome {
        let text =
            toml::to_string(self).map_err(|_| Failure::no("the key file cannot be written"))?;
        let place = file.path().display();
        file.replace(&text)
            .map_err(|e| Failure::no(format!("key file {place}: {e}")))
    }

    /// The keys that generated records are sealed with; the file's first is the current one.
    pub fn generator_keys(&self) -> Outcome<generator::Keys> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            keys.push(generator::Key {
                id: key.id.clone(),
                secret: key.bytes()?,
            });
        }
        Ok(generator::Keys::new(keys)?)
    }

    /// The ring that decryption uses.
    pub fn ring(&self) -> Outcome<Arc<KeyRing>> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            keys.push((key.id.clone(), SecretBytes::from(key.bytes()?)));
        }
        KeyRing::new(keys)
            .map(Arc::new)
            .map_err(|e| Failure::invalid(vec![e.to_string()]))
    }
}

impl From<&generator::Keys> for KeyFile {
    fn from(keys: &generator::Keys) -> Self {
        Self {
            keys: keys
                .keys()
                .iter()
                .map(|key| StoredKey {
                    id: key.id.clone(),
                    secret: STANDARD.encode(&key.secret),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn write(keys: &generator::Keys, path: &Path) {
        let place = PrivateFile::lock(path).unwrap();
        KeyFile::from(keys).write(&place).unwrap();
    }

    #[test]
    fn a_link_stays_one_and_what_it_leads_to_is_replaced_privately() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("keys.toml"), folder.path().join("link"));
        fs::write(&path, "half a key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let keys = generator::Keys::random();
        write(&keys, &link);
        assert!(link.is_symlink() && !path.is_symlink());
        assert_eq!(mode(&path), 0o600);
        let read = KeyFile::read(&path).unwrap();
        assert_eq!(read.generator_keys().unwrap(), keys);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        write(&generator::Keys::random(), &path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(KeyFile::read(&path).is_err());
    }
}
