//! `canonical_device`: the first of several ids that names one device.

use std::sync::LazyLock;

use arrow::array::Array;
use arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::canonical::append_canonical;
use super::deny_list::{DENY_LIST, is_denied};
use crate::arguments::{Call, Columns};
use crate::binary_column::BinaryColumn;
use crate::documentation::DEVICES;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    let denied: String = DENY_LIST
        .iter()
        .map(|(id, reason)| format!("\n- `{id}`: {reason}"))
        .collect();
    Documentation::builder(
        DEVICES,
        format!(
            "The first of its arguments that names one device, in canonical form: trimmed, in lower case, \
             without `-`, `:`, `{{` and `}}`. An argument that is null, empty or on the deny list is passed over, \
             whether it is absent or degenerate: a phone whose user limits ad tracking sends an oaid of zeros, \
             and its android_id still names it. Null if no argument is left: reject the event then.\n\n\
             Denied are ids of nothing but zeros, ids of 8 or more characters that are all `f`, and:\n{denied}"
        ),
        "canonical_device(id, …)",
    )
    .with_sql_example(
        "```sql\nSELECT canonical_device('00000000-0000-0000-0000-000000000000', '9A:3B:FF:01');\n-- 9a3bff01\n```",
    )
    .with_argument("id", "STRING: ids in the order of preference, one or more")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct CanonicalDevice {
    signature: Signature,
}

impl Default for CanonicalDevice {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for CanonicalDevice {
    fn name(&self) -> &str {
        "canonical_device"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(1, usize::MAX)?;
        (0..types.len()).map(|n| call.text(n)).collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let ids = columns
            .arrays
            .iter()
            .map(|array| as_string_array(array))
            .collect::<Result<Vec<_>>>()?;
        let mut devices =
            BinaryColumn::with_capacity(columns.row_count, columns.row_count.saturating_mul(36));
        for row in 0..columns.row_count {
            let found = ids
                .iter()
                .filter(|ids| ids.is_valid(row))
                .any(|ids| append_device(ids.value(row), &mut devices));
            if found {
                devices.close_row();
            } else {
                devices.null_row();
            }
        }
        columns.answer(devices.finish_text()?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// Writes the canonical form of `id` into the row under construction, if it names one device.
#[inline]
fn append_device(id: &str, devices: &mut BinaryColumn) -> bool {
    let start = devices.row_start();
    append_canonical(id, &mut devices.values);
    let form = &devices.values[start..];
    let good = !form.is_empty() && !is_denied(form);
    if !good {
        devices.values.truncate(start);
    }
    good
}
