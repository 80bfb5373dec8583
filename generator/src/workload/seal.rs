//! The seal: a record's plaintext gzipped, encrypted and wrapped, or damaged on the way.

use std::fmt::Write;

use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, Crc, FlushCompress};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use crate::defect::Defect;
use crate::keys::Keys;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl Cipher {
    fn new(secret: &[u8]) -> Self {
        if secret.len() == 16 {
            Self::Aes128(Box::new(Aes128Gcm::new(GenericArray::from_slice(secret))))
        } else {
            Self::Aes256(Box::new(Aes256Gcm::new(GenericArray::from_slice(secret))))
        }
    }

    /// Encrypts in place; none where the cipher refuses the length, which no record reaches.
    fn encrypt(&self, nonce: &[u8], text: &mut [u8]) -> Option<[u8; TAG_BYTES]> {
        let nonce = GenericArray::from_slice(nonce);
        match self {
            Self::Aes128(cipher) => cipher.encrypt_in_place_detached(nonce, b"", text),
            Self::Aes256(cipher) => cipher.encrypt_in_place_detached(nonce, b"", text),
        }
        .ok()
        .map(Into::into)
    }
}

/// A record's value.
pub(super) struct Sealed {
    pub(super) envelope: Vec<u8>,
    /// Whether its key isn't the current one.
    pub(super) older_key: bool,
}

/// Seals records under the current key mostly, at times under an older one.
pub(super) struct Sealer {
    ciphers: Vec<(String, Cipher)>,
    unknown_id: String,
    deflate: Compress,
    sealed: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(keys: &Keys) -> Self {
        Self {
            ciphers: keys
                .keys()
                .iter()
                .map(|k| (k.id.clone(), Cipher::new(&k.secret)))
                .collect(),
            unknown_id: keys.unknown_id(),
            deflate: Compress::new(Compression::fast(), false),
            sealed: Vec::new(),
        }
    }

    /// The envelope around a plaintext, with a defect of the sealing if one is wanted.
    pub(super) fn seal(
        &mut self,
        plain: &[u8],
        gzip: bool,
        flush_time_ms: i64,
        defect: Option<Defect>,
        rng: &mut ChaCha8Rng,
    ) -> Sealed {
        let mut nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        self.sealed.clear();
        self.sealed.extend_from_slice(&nonce);
        match defect {
            Some(Defect::BrokenGzip) => {
                self.gzip(plain);
                damage_gzip(&mut self.sealed, rng);
            }
            _ if gzip => self.gzip(plain),
            _ => self.sealed.extend_from_slice(plain),
        }
        let chosen = if rng.random_bool(0.8) {
            0
        } else {
            rng.random_range(0..self.ciphers.len())
        };
        let (id, cipher) = &self.ciphers[chosen];
        let tag = cipher
            .encrypt(&nonce, &mut self.sealed[NONCE_BYTES..])
            .unwrap_or_default();
        self.sealed.extend_from_slice(&tag);
        let id = match defect {
            Some(Defect::UnknownKey) => &self.unknown_id,
            _ => id,
        };
        match defect {
            Some(Defect::WrongTag) => {
                let last = self.sealed.len() - 1 - rng.random_range(0..TAG_BYTES);
                self.sealed[last] ^= 1 << rng.random_range(0..8);
            }
            Some(Defect::TruncatedNonce) => self.sealed.truncate(rng.random_range(1..NONCE_BYTES)),
            _ => {}
        }
        Sealed {
            envelope: envelope(id, flush_time_ms, &self.sealed, defect),
            older_key: chosen > 0,
        }
    }

    /// Appends one gzip member.
    fn gzip(&mut self, plain: &[u8]) {
        self.sealed
            .extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
        self.deflate.reset();
        self.sealed.reserve(plain.len() + plain.len() / 8 + 64);
        // The reserved room is above deflate's bound, so that one call finishes.
        let _ = self
            .deflate
            .compress_vec(plain, &mut self.sealed, FlushCompress::Finish);
        let mut crc = Crc::new();
        crc.update(plain);
        self.sealed.extend_from_slice(&crc.sum().to_le_bytes());
        self.sealed.extend_from_slice(&crc.amount().to_le_bytes());
    }
}

/// Cuts the stream behind the nonce in half, or puts a block of a type that doesn't exist at its
/// beginning.
fn damage_gzip(sealed: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let first_block = NONCE_BYTES + 10;
    if rng.random_bool(0.5) {
        let half = first_block + (sealed.len() - first_block) / 2;
        sealed.truncate(half);
    } else if let Some(byte) = sealed.get_mut(first_block) {
        *byte = 0b111;
    }
}

fn envelope(id: &str, flush_time_ms: i64, sealed: &[u8], defect: Option<Defect>) -> Vec<u8> {
    let mut text = String::with_capacity(80 + sealed.len() / 3 * 4 + 8);
    let _ = write!(
        text,
        "{{\"pkv\":7,\"key_id\":\"{id}\",\"flush_time\":{flush_time_ms},\"payload\":\""
    );
    if defect == Some(Defect::PayloadNotBase64) {
        text.push_str("%%% this is no base64 %%%");
    } else {
        STANDARD.encode_string(sealed, &mut text);
    }
    text.push_str("\"}");
    text.into_bytes()
}
