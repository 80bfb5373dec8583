//! A call that takes long, in parts between which it looks whether its query has to end.

use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::compute::concat;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::is_planning;
use crate::interrupt::Interrupt;

/// What one row may take: some seconds.
pub(super) const STEPS_A_ROW_MAX: u128 = 1 << 32;
/// What the rows of one part take together, if it is more than one row: less than a second.
const STEPS_A_PART: u128 = 1 << 28;
/// What one call may take while a plan is made.
const STEPS_MAX_IN_PLAN: u128 = 1 << 22;

/// Calls a function, whose rows take these steps each.
///
/// # Errors
/// [`DataFusionError::ResourcesExhausted`] for a row of too many steps; what ends the query.
pub(super) fn call(
    function: &ScalarUDF,
    args: ScalarFunctionArgs,
    steps: &[u128],
) -> Result<ColumnarValue> {
    let allowed = if is_planning() {
        STEPS_MAX_IN_PLAN
    } else {
        STEPS_A_ROW_MAX
    };
    if let Some(steps) = steps.iter().find(|steps| **steps > allowed) {
        return Err(DataFusionError::ResourcesExhausted(format!(
            "{}() would compare {steps} pairs of characters or elements for one row, and nothing \
             could end it meanwhile; {allowed} are allowed: give it shorter values",
            function.name()
        )));
    }
    let parts = parts(steps);
    if let [] | [_] = parts.as_slice() {
        Interrupt::check_of(&args.config_options)?;
        return function.inner().invoke_with_args(args);
    }
    let mut made: Vec<ArrayRef> = Vec::with_capacity(parts.len());
    for part in parts {
        Interrupt::check_of(&args.config_options)?;
        let rows = part.len();
        let part = ScalarFunctionArgs {
            args: args.args.iter().map(|arg| slice(arg, &part)).collect(),
            number_rows: rows,
            ..args.clone()
        };
        made.push(function.inner().invoke_with_args(part)?.into_array(rows)?);
    }
    let made: Vec<_> = made.iter().map(AsRef::as_ref).collect();
    Ok(ColumnarValue::Array(concat(&made)?))
}

/// Neighbouring rows that take so many steps together, or one that takes more.
fn parts(steps: &[u128]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut first, mut sum) = (0, 0);
    for (row, of_row) in steps.iter().enumerate() {
        if row > first && sum + of_row > STEPS_A_PART {
            parts.push(first..row);
            (first, sum) = (row, 0);
        }
        sum += of_row;
    }
    if first < steps.len() {
        parts.push(first..steps.len());
    }
    parts
}

fn slice(arg: &ColumnarValue, rows: &Range<usize>) -> ColumnarValue {
    match arg {
        ColumnarValue::Array(values) => ColumnarValue::Array(values.slice(rows.start, rows.len())),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_rows_and_are_small_or_one_row() {
        let steps = [
            1,
            STEPS_A_PART,
            1,
            2,
            STEPS_A_PART * 2,
            0,
            STEPS_A_PART - 1,
            1,
            1,
        ];
        assert_eq!(parts(&steps), [0..1, 1..2, 2..4, 4..5, 5..8, 8..9]);
        assert_eq!(parts(&[]), [] as [Range<usize>; 0]);
    }
}
