//! `tie`: the short digest that orders events which are equal in every time stamp.

use std::sync::LazyLock;

use arrow::array::Array;
use arrow::datatypes::DataType;
use aws_lc_rs::digest::{SHA256, digest};
use datafusion::common::cast::{as_binary_array, as_string_array};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::arguments::{Call, Columns};
use crate::binary_column::BinaryColumn;
use crate::documentation::CRYPTO;

/// Bytes of the digest that are kept.
const TIE_BYTES: usize = 8;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        CRYPTO,
        "The first 8 bytes of SHA-256 over the event id in UTF-8 or, where it is null, over the bytes of the \
         element. It orders events that are equal in received and event time, bytewise: by something that no \
         retry, partitioning or replay changes. Null if both are null.",
        "tie(event_id, raw)",
    )
    .with_sql_example("```sql\nCASE WHEN l.value.event_id IS NULL THEN tie(NULL, l.raw) END AS tie\n```")
    .with_argument("event_id", "STRING; one that is empty counts as present")
    .with_argument("raw", "BINARY: the element as it stood in the record, from `elements(list, body)`")
    .with_related_udf("elements")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Tie {
    signature: Signature,
}

impl Default for Tie {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Tie {
    fn name(&self) -> &str {
        "tie"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(2, 2)?;
        Ok(vec![call.text(0)?, call.bytes(1)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let event_ids = as_string_array(&columns.arrays[0])?;
        let raws = as_binary_array(&columns.arrays[1])?;
        let mut ties =
            BinaryColumn::with_capacity(columns.row_count, columns.row_count * TIE_BYTES);
        for row in 0..columns.row_count {
            if event_ids.is_valid(row) {
                append_tie(&mut ties, event_ids.value(row).as_bytes());
            } else if raws.is_valid(row) {
                append_tie(&mut ties, raws.value(row));
            } else {
                ties.null_row();
            }
        }
        columns.answer(ties.finish()?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

fn append_tie(ties: &mut BinaryColumn, bytes: &[u8]) {
    ties.append(&digest(&SHA256, bytes).as_ref()[..TIE_BYTES]);
}
