//! The keyed 96-bit fingerprint that stands for a ledger key in the index.

use std::hash::Hasher;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use common::{EngineError, Result};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::ranks::cast_to;

/// 96 bits of SipHash-1-3 over a key's columns. At 400 million keys two of them collide with a
/// probability of 10⁻¹², and nobody who doesn't hold the index's key can make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    pub(crate) high: u64,
    pub(crate) low: u32,
}

/// The random key of an index's fingerprints. It lives as long as the index and its snapshots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IndexKey(pub(crate) [u8; 16]);

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IndexKey(…)")
    }
}

impl IndexKey {
    /// A key from bytes, for tests and benches that must repeat.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A random key.
    pub fn random() -> Self {
        // A version 4 UUID has 6 fixed bits; two of them, one turned by half, have none.
        let (a, b) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        Self((a.as_u128() ^ b.as_u128().rotate_left(64)).to_le_bytes())
    }

    /// The fingerprint of one key, given as its columns' values.
    pub fn fingerprint(&self, columns: &[&str]) -> Fingerprint {
        let mut bytes = Vec::with_capacity(64);
        for value in columns {
            push(&mut bytes, Some(value));
        }
        self.hash(&bytes)
    }

    /// The fingerprints of every row, given the key's columns (strings, all of one length).
    pub fn fingerprints(&self, columns: &[ArrayRef]) -> Result<Vec<Fingerprint>> {
        let columns = columns
            .iter()
            .map(|c| Ok(cast_to(c, &DataType::Utf8)?.as_string::<i32>().clone()))
            .collect::<Result<Vec<StringArray>>>()?;
        let Some(rows) = columns.first().map(StringArray::len) else {
            return Err(EngineError::invalid("a ledger's key has no column"));
        };
        if columns.iter().any(|c| c.len() != rows) {
            return Err(EngineError::internal(
                "the columns of a ledger's key differ in length",
            ));
        }
        let mut bytes = Vec::with_capacity(128);
        Ok((0..rows)
            .map(|row| {
                bytes.clear();
                for column in &columns {
                    push(&mut bytes, column.is_valid(row).then(|| column.value(row)));
                }
                self.hash(&bytes)
            })
            .collect())
    }

    fn hash(&self, bytes: &[u8]) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(bytes);
        let hash = hasher.finish128();
        Fingerprint {
            high: hash.h1,
            low: hash.h2 as u32,
        }
    }
}

/// Length first, so that no two keys have the same bytes; null has a length of its own.
fn push(bytes: &mut Vec<u8>, value: Option<&str>) {
    let length = value.map_or(u64::MAX, |v| v.len() as u64);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
}
