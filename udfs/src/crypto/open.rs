//! Opens sealed values: nonce (12 bytes), ciphertext, tag (16 bytes), AES-GCM.

use arrow::array::{Array, ArrayRef, BinaryArray, StringArray};
use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use datafusion::error::Result;

use crate::binary_column::BinaryColumn;
use crate::keys::ring::KeySet;

const TAG_BYTES: usize = 16;

/// Why a value stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shut {
    /// The key ring has no key of this id.
    UnknownKey,
    /// Shorter than a nonce and a tag.
    Truncated,
    /// Another key, or bytes that were changed.
    NotAuthentic,
}

/// Opens each row under the key that its id names. A row that stays shut is passed to `shut`,
/// which either ends the column with an error or leaves the row null. Null in, null out. `aads` is
/// what was authenticated along with each value; without it, nothing was.
pub(crate) fn open_column(
    sealed: &BinaryArray,
    ids: &StringArray,
    aads: Option<&BinaryArray>,
    keys: &KeySet,
    shut: impl Fn(usize, Shut) -> Result<()>,
) -> Result<ArrayRef> {
    let mut column = BinaryColumn::with_capacity(sealed.len(), plaintext_bytes_max(sealed));
    let mut last: Option<(&str, Option<&LessSafeKey>)> = None;
    for row in 0..sealed.len() {
        let no_aad = aads.is_some_and(|aads| aads.is_null(row));
        if sealed.is_null(row) || ids.is_null(row) || no_aad {
            column.null_row();
            continue;
        }
        let id = ids.value(row);
        let key = match last {
            Some((last_id, key)) if last_id == id => key,
            _ => keys.get(id),
        };
        last = Some((id, key));
        let opened = key.ok_or(Shut::UnknownKey).and_then(|key| {
            let aad = aads.map_or(&[][..], |aads| aads.value(row));
            open(key, sealed.value(row), aad, &mut column.values)
        });
        match opened {
            Ok(()) => column.close_row(),
            Err(reason) => {
                column.null_row();
                shut(row, reason)?;
            }
        }
    }
    column.finish()
}

/// Appends the plaintext of `sealed` to `out`. On an error, `out` may have grown by bytes that mean
/// nothing.
#[inline]
fn open(key: &LessSafeKey, sealed: &[u8], aad: &[u8], out: &mut Vec<u8>) -> Result<(), Shut> {
    let (nonce, rest) = sealed
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(Shut::Truncated)?;
    let (ciphertext, tag) = rest
        .split_last_chunk::<TAG_BYTES>()
        .ok_or(Shut::Truncated)?;
    let start = out.len();
    // Row by row, so that the zeros are still in the nearest cache when they are overwritten.
    out.resize(start + ciphertext.len(), 0);
    key.open_separate_gather(
        Nonce::assume_unique_for_key(*nonce),
        Aad::from(aad),
        ciphertext,
        tag,
        &mut out[start..],
    )
    .map_err(|_| Shut::NotAuthentic)
}

fn plaintext_bytes_max(sealed: &BinaryArray) -> usize {
    let offsets = sealed.value_offsets();
    let sealed_bytes = offsets[sealed.len()] - offsets[0];
    sealed_bytes as usize
}
