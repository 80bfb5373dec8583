//! `aes_decrypt` and `try_aes_decrypt`: Spark's functions, with the key named by its id.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::cast::{as_binary_array, as_string_array};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::open::{Shut, open_column};
use crate::arguments::{Call, Columns};
use crate::documentation::CRYPTO;
use crate::keys::KeyRing;

/// The place of the additional authenticated data among the arguments.
const AAD: usize = 4;

static RAISING_DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    documentation(
        "aes_decrypt",
        "try_aes_decrypt",
        "Like `try_aes_decrypt`, but a value that cannot be decrypted fails the query, as in Spark. \
         Refused in pipelines: one bad record would stop them.",
    )
});

static LENIENT_DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    documentation(
        "try_aes_decrypt",
        "key_known",
        "Decrypts AES-GCM, 128 or 256 bits as the key is long. Null if an argument is null, the key id is \
         unknown, the value is shorter than nonce and tag, or the tag is wrong, as it is with another `aad`. \
         A call whose arguments are all literals is evaluated when the query is planned.",
    )
});

fn documentation(name: &str, related: &str, description: &str) -> Documentation {
    Documentation::builder(CRYPTO, description, format!("{name}(sealed, key_id)"))
        .with_alternative_syntax(format!("{name}(sealed, key_id, mode)"))
        .with_alternative_syntax(format!("{name}(sealed, key_id, mode, padding)"))
        .with_alternative_syntax(format!("{name}(sealed, key_id, mode, padding, aad)"))
        .with_sql_example(format!(
            "```sql\n{name}(unbase64(envelope.payload), envelope.key_id)\n```"
        ))
        .with_argument(
            "sealed",
            "BINARY: nonce (12 bytes), ciphertext, tag (16 bytes)",
        )
        .with_argument(
            "key_id",
            "STRING: the key's id in the key ring (Spark has the key itself here)",
        )
        .with_argument("mode", "the literal 'GCM'; other modes are refused")
        .with_argument("padding", "the literal 'DEFAULT' or 'NONE'")
        .with_argument(
            "aad",
            "BINARY or STRING: the additional data that was authenticated with the value; none if not given",
        )
        .with_related_udf(related)
        .build()
}

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct AesDecrypt {
    keys: Arc<KeyRing>,
    raises: bool,
    signature: Signature,
}

impl AesDecrypt {
    /// `try_aes_decrypt` over this key ring.
    pub fn lenient(keys: &Arc<KeyRing>) -> Self {
        Self {
            keys: Arc::clone(keys),
            raises: false,
            signature: Signature::user_defined(Volatility::Stable),
        }
    }

    /// `aes_decrypt` over this key ring.
    pub fn raising(keys: &Arc<KeyRing>) -> Self {
        Self {
            raises: true,
            ..Self::lenient(keys)
        }
    }

    fn shut(&self, id: &str, reason: Shut) -> Result<()> {
        if !self.raises {
            return Ok(());
        }
        match reason {
            Shut::UnknownKey => {
                exec_err!(
                    "aes_decrypt: the key ring has no key {id:?}; add it, or use try_aes_decrypt"
                )
            }
            Shut::Truncated => exec_err!(
                "aes_decrypt: a value for key {id:?} is shorter than a nonce and a tag (28 bytes); use try_aes_decrypt to get null for it"
            ),
            Shut::NotAuthentic => exec_err!(
                "aes_decrypt: a value was not sealed with key {id:?}, or was changed since; use try_aes_decrypt to get null for it"
            ),
        }
    }
}

impl ScalarUDFImpl for AesDecrypt {
    fn name(&self) -> &str {
        if self.raises {
            "aes_decrypt"
        } else {
            "try_aes_decrypt"
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(2, 5)?;
        let mut coerced = vec![call.bytes(0)?, call.text(1)?];
        for n in 2..types.len() {
            coerced.push(if n == AAD {
                call.bytes(n)?
            } else {
                call.text(n)?
            });
        }
        Ok(coerced)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let spark = [("mode", &["GCM"][..]), ("padding", &["DEFAULT", "NONE"])];
        for (n, (argument, supported)) in spark.into_iter().enumerate() {
            let Some(given) = args.scalar_arguments.get(n + 2) else {
                break;
            };
            let literal = given.and_then(ScalarValue::try_as_str).flatten();
            if !literal.is_some_and(|word| supported.iter().any(|s| s.eq_ignore_ascii_case(word))) {
                return plan_err!(
                    "the {argument} of {} must be the literal '{}'",
                    self.name(),
                    supported.join("' or '")
                );
            }
        }
        Ok(Arc::new(Field::new(self.name(), DataType::Binary, true)))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // The mode and the padding have had their say when the call was planned.
        args.args.drain(2..args.args.len().min(AAD));
        let columns = Columns::new(&args)?;
        let sealed = as_binary_array(&columns.arrays[0])?;
        let ids = as_string_array(&columns.arrays[1])?;
        let aads = match columns.arrays.get(2) {
            Some(aads) => Some(as_binary_array(aads)?),
            None => None,
        };
        let keys = self.keys.snapshot();
        let opened = open_column(sealed, ids, aads, &keys, |row, reason| {
            self.shut(ids.value(row), reason)
        })?;
        columns.answer(opened)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(if self.raises {
            &RAISING_DOCUMENTATION
        } else {
            &LENIENT_DOCUMENTATION
        })
    }
}
