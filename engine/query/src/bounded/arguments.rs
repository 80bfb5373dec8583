//! The arguments of a call, row by row.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::{cast, kernels::length};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// The rows that a call computes: one for all where no argument is a column.
pub(super) fn rows(args: &ScalarFunctionArgs) -> std::ops::Range<usize> {
    let has_column = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Array(_));
    0..if args.args.iter().any(has_column) {
        args.number_rows
    } else {
        args.number_rows.min(1)
    }
}

/// An argument: a value a row, or one value for all rows.
pub(super) struct Argument<T> {
    values: T,
    is_same: bool,
}

pub(super) fn argument(args: &ScalarFunctionArgs, n: usize) -> Result<Argument<ArrayRef>> {
    match args.args.get(n) {
        Some(ColumnarValue::Array(values)) => Ok(Argument {
            values: values.clone(),
            is_same: false,
        }),
        Some(ColumnarValue::Scalar(value)) => Ok(Argument::same(value.to_array()?)),
        None => Err(DataFusionError::Execution(format!(
            "argument {} is missing",
            n + 1
        ))),
    }
}

impl<T> Argument<T> {
    pub(super) fn same(values: T) -> Self {
        Self {
            values,
            is_same: true,
        }
    }

    fn row(&self, row: usize) -> usize {
        if self.is_same { 0 } else { row }
    }
}

impl Argument<ArrayRef> {
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.values.is_null(self.row(row))
    }

    pub(super) fn map<T>(&self, read: impl Fn(&ArrayRef) -> Result<T>) -> Result<Argument<T>> {
        Ok(Argument {
            values: read(&self.values)?,
            is_same: self.is_same,
        })
    }
}

impl Argument<Vec<u128>> {
    /// The size or count of a row; 0 for null.
    pub(super) fn at(&self, row: usize) -> u128 {
        self.values.get(self.row(row)).copied().unwrap_or(0)
    }
}

impl Argument<Vec<Option<i128>>> {
    pub(super) fn at(&self, row: usize) -> Option<i128> {
        self.values.get(self.row(row)).copied().flatten()
    }
}

impl Argument<StringArray> {
    pub(super) fn at(&self, row: usize) -> Option<&str> {
        let row = self.row(row);
        self.values.is_valid(row).then(|| self.values.value(row))
    }
}

pub(super) fn whole_numbers(column: &ArrayRef) -> Result<Int64Array> {
    let numbers = cast(column, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

pub(super) fn counts(column: &ArrayRef) -> Result<Vec<u128>> {
    let numbers = whole_numbers(column)?;
    let count = |n: Option<i64>| n.and_then(|n| u128::try_from(n).ok());
    Ok(numbers.iter().map(|n| count(n).unwrap_or(0)).collect())
}

pub(super) fn texts(column: &ArrayRef) -> Result<StringArray> {
    let texts = cast(column, &DataType::Utf8)?;
    Ok(texts.as_string::<i32>().clone())
}

/// Bytes of texts, or elements of lists.
pub(super) fn lengths(column: &ArrayRef) -> Result<Vec<u128>> {
    if column.data_type() == &DataType::Null {
        return Ok(vec![0; column.len()]);
    }
    counts(&length::length(column)?)
}
