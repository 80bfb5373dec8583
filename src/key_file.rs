//! The key ring file: TOML with one `[[key]]` table a key, readable by its owner only.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use udfs::keys::{KeyRing, SecretBytes};

use crate::failure::{Failure, Outcome};

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

    /// Writes the file so that only its owner can read it: a new file, then a rename.
    pub fn write(&self, path: &Path) -> Outcome {
        let text =
            toml::to_string(self).map_err(|_| Failure::no("the key file cannot be written"))?;
        let fresh = path.with_extension("toml.new");
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .and_then(|mut f| {
                f.write_all(text.as_bytes())?;
                f.sync_all()
            })
            .and_then(|()| fs::rename(&fresh, path));
        written.map_err(|e| Failure::no(format!("key file {}: {e}", path.display())))
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
