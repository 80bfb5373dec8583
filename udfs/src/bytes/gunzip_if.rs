//! `gunzip_if`: inflates what is gzip, and passes on what isn't.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BinaryArray, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::cast::{as_binary_array, as_int64_array};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::gzip::{Gunzip, is_gzip};
use crate::arguments::{Call, Columns};
use crate::binary_column::BinaryColumn;
use crate::documentation::BYTES;

/// The most that one value may inflate to where the call names no limit: 16 MiB.
pub const INFLATED_BYTES_MAX: usize = 16 << 20;

/// The most that inflating may add to the values of one batch.
const ADDED_BYTES_MAX: usize = 512 << 20;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        BYTES,
        format!(
            "Inflates a value that begins as gzip does (bytes 1F 8B); any other value comes back as it is. Null \
             if the gzip data is broken (header, checksum or length of the data, bytes behind the end) or inflates to more \
             than the limit, {} MiB if not given. Several members one after the other are one value, as RFC 1952 \
             has it; the checksum that a header may have of itself is skipped. The limit is for inflated bytes: a \
             value that isn't gzip passes at any size. A batch of rows that inflates by more than {} MiB in all is an \
             error: a pipeline then takes its rows in smaller parts.",
            INFLATED_BYTES_MAX >> 20,
            ADDED_BYTES_MAX >> 20
        ),
        "gunzip_if(bytes)",
    )
    .with_alternative_syntax("gunzip_if(bytes, max_bytes)")
    .with_sql_example("```sql\ngunzip_if(try_aes_decrypt(unbase64(envelope.payload), envelope.key_id), 1048576)\n```")
    .with_argument("bytes", "BINARY")
    .with_argument("max_bytes", "BIGINT: the most that one value may inflate to; null, 0 and below let nothing inflate")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct GunzipIf {
    signature: Signature,
}

impl Default for GunzipIf {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for GunzipIf {
    fn name(&self) -> &str {
        "gunzip_if"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(1, 2)?;
        let mut coerced = vec![call.bytes(0)?];
        if types.len() == 2 {
            coerced.push(call.integer(1)?);
        }
        Ok(coerced)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let values = as_binary_array(&columns.arrays[0])?;
        if !values.iter().flatten().any(is_gzip) {
            return columns.answer(Arc::clone(&columns.arrays[0]));
        }
        let limits = match columns.arrays.get(1) {
            Some(limits) => Some(as_int64_array(limits)?),
            None => None,
        };
        columns.answer(inflate_column(values, limits, ADDED_BYTES_MAX)?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

fn inflate_column(
    values: &BinaryArray,
    limits: Option<&Int64Array>,
    added_bytes_max: usize,
) -> Result<ArrayRef> {
    let offsets = values.value_offsets();
    let packed_bytes = (offsets[values.len()] - offsets[0]) as usize;
    let mut column = BinaryColumn::with_capacity(values.len(), packed_bytes.saturating_mul(3))
        .limited(packed_bytes.saturating_add(added_bytes_max));
    let mut gunzip = Gunzip::new();
    for row in 0..values.len() {
        if values.is_null(row) || column.overflowed() {
            column.null_row();
            continue;
        }
        let bytes = values.value(row);
        if !is_gzip(bytes) {
            column.append(bytes);
            continue;
        }
        let bytes_max = limits.map_or(INFLATED_BYTES_MAX, |limits| limit(limits, row));
        match gunzip.append(bytes, bytes_max, &mut column.values) {
            Ok(()) => column.close_row(),
            Err(_) => column.null_row(),
        }
    }
    column.finish()
}

fn limit(limits: &Int64Array, row: usize) -> usize {
    if limits.is_null(row) {
        return 0;
    }
    usize::try_from(limits.value(row)).unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_batch_that_inflates_too_far_fails_and_its_halves_do_not() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[0; 1000]).unwrap();
        let packed = encoder.finish().unwrap();
        let values = BinaryArray::from_iter_values([&packed, &packed]);
        assert!(inflate_column(&values, None, 1500).is_err());
        for row in 0..2 {
            let alone = inflate_column(&values.slice(row, 1), None, 1500).unwrap();
            assert_eq!(alone.null_count(), 0);
        }
        assert!(inflate_column(&values, None, 2000).is_ok());
    }
}
