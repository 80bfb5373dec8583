//! `unbase64`: base64 text to bytes.

use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::datatypes::DataType;
use base64_simd::{
    AppendBase64Decode, Base64, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD,
};
use datafusion::common::cast::as_binary_array;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::arguments::{Call, Columns};
use crate::binary_column::BinaryColumn;
use crate::documentation::BYTES;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        BYTES,
        "Decodes base64. Takes the standard alphabet and the URL-safe one (not mixed in one value), with or \
         without padding; white space is ignored. Null for anything else: Spark ignores characters that it \
         doesn't know, which would hide damage. Bits left over in the last character must be zero.",
        "unbase64(text)",
    )
    .with_sql_example("```sql\nSELECT unbase64('aGVhZHdhdGVy');\n-- headwater\n```")
    .with_argument("text", "STRING or BINARY")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Unbase64 {
    signature: Signature,
}

impl Default for Unbase64 {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Unbase64 {
    fn name(&self) -> &str {
        "unbase64"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(1, 1)?;
        Ok(vec![call.bytes(0)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let texts = as_binary_array(&columns.arrays[0])?;
        columns.answer(decode_column(texts)?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// Decodes each row; null where it is null or not base64.
pub fn decode_column(texts: &BinaryArray) -> Result<ArrayRef> {
    let offsets = texts.value_offsets();
    let text_bytes = (offsets[texts.len()] - offsets[0]) as usize;
    let mut column = BinaryColumn::with_capacity(texts.len(), text_bytes / 4 * 3 + 3);
    for row in 0..texts.len() {
        if texts.is_valid(row) && decode(texts.value(row), &mut column.values) {
            column.close_row();
        } else {
            column.null_row();
        }
    }
    column.finish()
}

/// Appends the bytes of `text` to `out`; false, with `out` as it was, if it is not base64.
#[inline]
fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    append(&STANDARD, text, out) || decode_unusual(text, out)
}

#[cold]
fn decode_unusual(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.iter().any(u8::is_ascii_whitespace) {
        let dense: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        return decode(&dense, out);
    }
    [&STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .into_iter()
        .any(|alphabet| append(alphabet, text, out))
}

#[inline]
fn append(alphabet: &Base64, text: &[u8], out: &mut Vec<u8>) -> bool {
    Vec::append_base64_decode(alphabet, text, out).is_ok()
}
