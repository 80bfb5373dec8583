//! `from_json`: JSON text to a struct or a list of a declared schema.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::cast::as_binary_array;
use datafusion::common::{exec_err, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::broken::Broken;
use super::column::Column;
use super::reader::{DEPTH_MAX, ITEMS_MAX, Reader};
use super::schema;
use crate::arguments::{Call, Columns};
use crate::documentation::JSON;

/// Values at the bottom of one batch, in all columns together; about a gigabyte of them.
const VALUES_MAX: usize = 1 << 26;

/// Bytes of text between two looks at the number of values, since a look walks over all columns.
const LOOK_BYTES: usize = 1 << 20;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        JSON,
        format!(
            "Reads JSON text into a struct or a list, as in Spark.\n\n\
             - Null, as a whole: text that is not JSON (RFC 8259, nothing but white space after it), is not \
             UTF-8, is nested deeper than {DEPTH_MAX} levels, has more than {ITEMS_MAX} items in an array that \
             the schema asks for, or is not of the declared outer kind (an object for a struct, an array for a \
             list). A null struct is null at every depth.\n\
             - Null in that field or element only: a value of another type; a whole number out of range or \
             written with a fraction or an exponent; a float out of range; half of a surrogate pair. Numbers \
             and booleans in quotes are strings.\n\
             - A STRING takes any value: what is not a string is taken as it stands in the text (`1.50`, `true`, \
             `{{\"a\": 1}}`).\n\
             - Field names are case-sensitive. Of a key that stands twice the last one counts. Unknown keys \
             are skipped, but checked.\n\n\
             Other than in Spark: text that is not JSON gives NULL, where Spark gives a struct of nulls; strings \
             and keys stand in double quotes only; a lone object is not wrapped into a declared array, nor is \
             the schema of an array taken for its items; field names are never matched in another case; there \
             is no third argument with options."
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
    parse_up_to(VALUES_MAX, texts, data_type)
}

/// Fails where the texts together have more values than `values_max`: a null in their place would
/// depend on which texts share a batch.
fn parse_up_to(values_max: usize, texts: &BinaryArray, data_type: &DataType) -> Result<ArrayRef> {
    let mut column = Column::new(data_type, texts.len())?;
    let mut unseen_bytes = 0;
    for row in 0..texts.len() {
        if texts.is_null(row) {
            column.append_null();
            continue;
        }
        let text = texts.value(row);
        if parse_row(&mut column, text).is_err() {
            column.truncate(row);
            column.append_null();
        }
        unseen_bytes += text.len();
        if unseen_bytes >= LOOK_BYTES {
            unseen_bytes = 0;
            check_values(&column, values_max)?;
        }
    }
    check_values(&column, values_max)?;
    column.finish()
}

fn check_values(column: &Column, values_max: usize) -> Result<()> {
    if column.value_count() > values_max {
        return exec_err!(
            "from_json: the texts of one batch have more than {values_max} values: read fewer rows at a time"
        );
    }
    Ok(())
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_too_many_values_fails_rather_than_losing_honest_rows() {
        let data_type = schema::parse("ARRAY<STRUCT<a INT, b INT>>").unwrap();
        let texts = BinaryArray::from_iter_values([r#"[{"a":1},{}]"#, "[{}]", "{"]);
        let all = parse_up_to(6, &texts, &data_type).unwrap();
        assert_eq!(all.null_count(), 1);
        let error = parse_up_to(5, &texts, &data_type).unwrap_err().to_string();
        assert!(error.contains("more than 5 values"), "{error}");
    }

    #[test]
    fn an_array_of_too_many_items_is_null_as_a_whole() {
        let data_type = schema::parse("ARRAY<STRUCT<a INT, l ARRAY<INT>>>").unwrap();
        let list = |items: usize| format!("[{}]", vec!["{}"; items].join(","));
        let inner = |items: usize| format!("[{{\"l\":[{}]}}]", vec!["1"; items].join(","));
        let skipped = format!("[{{\"z\":{}}}]", list(ITEMS_MAX + 1));
        let texts = [
            list(ITEMS_MAX),
            list(ITEMS_MAX + 1),
            inner(ITEMS_MAX),
            inner(ITEMS_MAX + 1),
            skipped,
            "[{}]".to_owned(),
        ];
        let rows = parse(&BinaryArray::from_iter_values(&texts), &data_type).unwrap();
        let valid: Vec<bool> = (0..texts.len()).map(|row| rows.is_valid(row)).collect();
        assert_eq!(valid, [true, false, true, false, true, true]);
    }
}
