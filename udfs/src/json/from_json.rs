//! `from_json`: JSON text to a struct or a list of a declared schema.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::cast::as_binary_array;
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::column::Column;
use super::reader::{Broken, DEPTH_MAX, Reader};
use super::schema;
use crate::arguments::{Call, Columns};
use crate::documentation::JSON;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        JSON,
        format!(
            "Reads JSON text into a struct or a list, as in Spark.\n\n\
             - Null, as a whole: text that is not JSON (RFC 8259, nothing but white space after it), is not \
             UTF-8, is nested deeper than {DEPTH_MAX} levels, or is not of the declared outer kind (an object \
             for a struct, an array for a list). A null struct is null at every depth.\n\
             - Null in that field or element only: a value of another type; a whole number out of range or \
             written with a fraction or an exponent; a float out of range; half of a surrogate pair. Numbers \
             and booleans in quotes are strings.\n\
             - A STRING takes any value: what is not a string is taken as it stands in the text (`1.50`, `true`, \
             `{{\"a\": 1}}`).\n\
             - Field names are case-sensitive. Of a key that stands twice the last one counts. Unknown keys \
             are skipped, but checked."
        ),
        "from_json(text, schema)",
    )
    .with_sql_example(
        "```sql\nSELECT from_json('{\"id\":\"a\",\"n\":[1,2]}', 'id STRING, n ARRAY<INT>');\n-- {id: a, n: [1, 2]}\n```",
    )
    .with_argument("text", "STRING or BINARY")
    .with_argument(
        "schema",
        "a string literal: `name TYPE, …` or `STRUCT<name: TYPE, …>` for an object, `ARRAY<TYPE>` for an array; types are STRING, BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, STRUCT and ARRAY",
    )
    .with_related_udf("elements")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct FromJson {
    signature: Signature,
}

impl Default for FromJson {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for FromJson {
    fn name(&self) -> &str {
        "from_json"
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
        Ok(vec![call.bytes(0)?, call.text(1)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type of from_json depends on its schema")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Some(Some(schema)) = args
            .scalar_arguments
            .get(1)
            .map(|schema| schema.and_then(ScalarValue::try_as_str).flatten())
        else {
            return plan_err!(
                "the schema of from_json must be a string literal, such as 'id STRING, n BIGINT'"
            );
        };
        Ok(Arc::new(Field::new(
            self.name(),
            schema::parse(schema)?,
            true,
        )))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.truncate(1);
        let columns = Columns::new(&args)?;
        let texts = as_binary_array(&columns.arrays[0])?;
        columns.answer(parse(texts, args.return_field.data_type())?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// Reads each text into a row of `data_type`, which [`schema::parse`] has given.
pub fn parse(texts: &BinaryArray, data_type: &DataType) -> Result<ArrayRef> {
    let mut column = Column::new(data_type, texts.len())?;
    for row in 0..texts.len() {
        if texts.is_null(row) {
            column.append_null();
        } else if parse_row(&mut column, texts.value(row)).is_err() {
            column.truncate(row);
            column.append_null();
        }
    }
    column.finish()
}

#[inline]
fn parse_row(column: &mut Column, text: &[u8]) -> Result<(), Broken> {
    if simdutf8::basic::from_utf8(text).is_err() {
        return Err(Broken);
    }
    let mut reader = Reader::new(text);
    column.read(&mut reader)?;
    reader.end()
}
