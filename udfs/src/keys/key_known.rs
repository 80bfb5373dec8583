//! `key_known`: whether the key ring has a key of this id.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};

use super::KeyRing;
use crate::arguments::{Call, Columns};
use crate::documentation::KEYS;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        KEYS,
        "Whether the key ring has a key of this id. Never null: a null id is an unknown one.",
        "key_known(key_id)",
    )
    .with_sql_example(
        "```sql\nCASE WHEN NOT key_known(envelope.key_id) THEN 'unknown key' END\n```",
    )
    .with_argument("key_id", "STRING: the id that the record names its key by")
    .with_related_udf("try_aes_decrypt")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct KeyKnown {
    keys: Arc<KeyRing>,
    signature: Signature,
}

impl KeyKnown {
    /// The function over this key ring.
    pub fn new(keys: &Arc<KeyRing>) -> Self {
        Self {
            keys: Arc::clone(keys),
            signature: Signature::user_defined(Volatility::Stable),
        }
    }
}

impl ScalarUDFImpl for KeyKnown {
    fn name(&self) -> &str {
        "key_known"
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
        Ok(vec![call.text(0)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Boolean, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let ids = as_string_array(&columns.arrays[0])?;
        let keys = self.keys.snapshot();
        let mut last = ("", keys.get("").is_some());
        let known: BooleanArray = (0..ids.len())
            .map(|row| {
                if ids.is_null(row) {
                    return Some(false);
                }
                let id = ids.value(row);
                if id != last.0 {
                    last = (id, keys.get(id).is_some());
                }
                Some(last.1)
            })
            .collect();
        columns.answer(Arc::new(known))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}
