//! Calls a function in a test as the planner and the executor would.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};
use arrow::util::display::array_value_to_string;
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl};
use datafusion::scalar::ScalarValue;

/// Plans a call, coerces its arguments and invokes it. An argument without nulls is planned as one
/// that can't be null, as a NOT NULL column is. The result has the promised type, length and
/// nullability, or the test fails.
pub(crate) fn call(
    function: &dyn ScalarUDFImpl,
    args: impl IntoIterator<Item = ColumnarValue>,
) -> Result<ArrayRef> {
    let args = plan(function, args)?;
    let (number_rows, return_field) = (args.number_rows, Arc::clone(&args.return_field));
    let answer = function.invoke_with_args(args)?;
    assert_eq!(&answer.data_type(), return_field.data_type());
    let array = answer.to_array(number_rows)?;
    assert_eq!(array.len(), number_rows);
    assert!(return_field.is_nullable() || array.logical_null_count() == 0);
    assert_null_to_the_bottom(&array);
    Ok(array)
}

/// A call up to its invocation.
pub(crate) fn plan(
    function: &dyn ScalarUDFImpl,
    args: impl IntoIterator<Item = ColumnarValue>,
) -> Result<ScalarFunctionArgs> {
    let args: Vec<_> = args.into_iter().collect();
    let types: Vec<_> = args.iter().map(ColumnarValue::data_type).collect();
    let args = args
        .into_iter()
        .zip(function.coerce_types(&types)?)
        .map(|(arg, target)| arg.cast_to(&target, None))
        .collect::<Result<Vec<_>>>()?;
    let arg_fields: Vec<_> = args
        .iter()
        .map(|arg| Arc::new(Field::new("arg", arg.data_type(), has_nulls(arg))))
        .collect();
    let scalars: Vec<_> = args
        .iter()
        .map(|arg| match arg {
            ColumnarValue::Scalar(scalar) => Some(scalar),
            ColumnarValue::Array(_) => None,
        })
        .collect();
    let return_field = function.return_field_from_args(ReturnFieldArgs {
        arg_fields: &arg_fields,
        scalar_arguments: &scalars,
    })?;
    let number_rows = args
        .iter()
        .find_map(|arg| match arg {
            ColumnarValue::Array(array) => Some(array.len()),
            ColumnarValue::Scalar(_) => None,
        })
        .unwrap_or(1);
    Ok(ScalarFunctionArgs {
        args,
        arg_fields,
        number_rows,
        return_field,
        config_options: Arc::new(ConfigOptions::default()),
    })
}

fn has_nulls(arg: &ColumnarValue) -> bool {
    match arg {
        ColumnarValue::Array(array) => array.logical_null_count() > 0,
        ColumnarValue::Scalar(scalar) => scalar.is_null(),
    }
}

/// A column as an argument.
pub(crate) fn column(array: impl Array + 'static) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(array))
}

/// A literal as an argument.
pub(crate) fn literal(value: impl Into<ScalarValue>) -> ColumnarValue {
    ColumnarValue::Scalar(value.into())
}

/// The rows as text; null is `NULL`.
pub(crate) fn rows(array: &dyn Array) -> Vec<String> {
    (0..array.len())
        .map(|row| match array.is_null(row) {
            true => "NULL".to_string(),
            false => array_value_to_string(array, row).unwrap_or_else(|e| e.to_string()),
        })
        .collect()
}

/// Where a struct is null, so is everything in it; where a list is, it has no items.
pub(crate) fn assert_null_to_the_bottom(array: &dyn Array) {
    match array.data_type() {
        DataType::Struct(_) => {
            for child in array.as_struct().columns() {
                for row in 0..array.len() {
                    assert!(array.is_valid(row) || child.is_null(row), "row {row}");
                }
                assert_null_to_the_bottom(child);
            }
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            for row in 0..list.len() {
                assert!(list.is_valid(row) || list.value_length(row) == 0);
            }
            assert_null_to_the_bottom(list.values());
        }
        _ => {}
    }
}
