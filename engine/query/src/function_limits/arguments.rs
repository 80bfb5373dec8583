//! The arguments of a call, measured row by row.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::compute::kernels::length;
use arrow::datatypes::{
    DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, TimeUnit,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// Bytes of a number, a time or an offset.
pub(super) const WORD: u128 = 8;

const NANOSECONDS_A_MICROSECOND: i128 = 1_000;
const NANOSECONDS_A_DAY: i128 = 86_400_000_000_000;

/// One argument: a value for each row, or one for all.
struct Argument {
    values: ArrayRef,
    is_constant: bool,
    lengths: Option<Int64Array>,
    numbers: Vec<Option<i128>>,
}

/// The arguments of one row. One that is missing is null; null has no length and is no number.
pub(super) struct Row<'a> {
    arguments: &'a [Argument],
    row: usize,
}

/// Measures each row that a call computes: one for all where no argument is a column.
pub(super) fn measure(
    args: &ScalarFunctionArgs,
    of_row: fn(&Row<'_>) -> u128,
) -> Result<Vec<u128>> {
    let arguments: Vec<_> = args.args.iter().map(Argument::of).collect::<Result<_>>()?;
    let row_count = if are_constant(args) {
        args.number_rows.min(1)
    } else {
        args.number_rows
    };
    let of_nth = |row| {
        let arguments = &arguments;
        of_row(&Row { arguments, row })
    };
    Ok((0..row_count).map(of_nth).collect())
}

pub(super) fn are_constant(args: &ScalarFunctionArgs) -> bool {
    let is_constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
    args.args.iter().all(is_constant)
}

impl Argument {
    fn of(arg: &ColumnarValue) -> Result<Self> {
        let (values, is_constant) = match arg {
            ColumnarValue::Array(values) => (values.clone(), false),
            ColumnarValue::Scalar(value) => (value.to_array()?, true),
        };
        let lengths = length::length(&values).and_then(|of| cast(&of, &DataType::Int64));
        Ok(Self {
            lengths: lengths.ok().map(|of| of.as_primitive().clone()),
            numbers: numbers(&values)?,
            is_constant,
            values,
        })
    }
}

impl Row<'_> {
    /// How many arguments there are.
    pub(super) fn len(&self) -> usize {
        self.arguments.len()
    }

    /// All arguments together.
    pub(super) fn all(&self, of_nth: fn(&Self, usize) -> u128) -> u128 {
        (0..self.len()).map(|n| of_nth(self, n)).sum()
    }

    pub(super) fn is_null(&self, n: usize) -> bool {
        self.at(n).is_none_or(|(arg, row)| arg.values.is_null(row))
    }

    /// The bytes of the nth argument's text, or the elements of its list.
    pub(super) fn length(&self, n: usize) -> u128 {
        match self.at(n) {
            Some((arg, row)) if arg.values.is_valid(row) => match &arg.lengths {
                Some(lengths) => u128::from(lengths.value(row).unsigned_abs()),
                None => self.size(n),
            },
            _ => 0,
        }
    }

    /// The bytes of the nth argument, whatever its type.
    pub(super) fn size(&self, n: usize) -> u128 {
        let at = self.at(n);
        at.map_or(0, |(arg, row)| size(&arg.values.slice(row, 1)))
    }

    /// The nth argument as a number: of a time, or a step between times, its nanoseconds.
    pub(super) fn number(&self, n: usize) -> Option<i128> {
        let (arg, row) = self.at(n)?;
        arg.numbers.get(row).copied().flatten()
    }

    /// The nth argument as a count: below zero there is nothing to count.
    pub(super) fn count(&self, n: usize) -> u128 {
        let count = self.number(n).and_then(|n| u128::try_from(n).ok());
        count.unwrap_or(0)
    }

    /// The nth argument's text.
    pub(super) fn text(&self, n: usize) -> String {
        let value = self
            .at(n)
            .map(|(arg, row)| ScalarValue::try_from_array(&arg.values, row));
        let text = value.and_then(|value| value.ok()?.try_as_str()?.map(str::to_owned));
        text.unwrap_or_default()
    }

    fn at(&self, n: usize) -> Option<(&Argument, usize)> {
        let arg = self.arguments.get(n)?;
        Some((arg, if arg.is_constant { 0 } else { self.row }))
    }
}

/// The bytes that values take. A list's own count, not those of its neighbours in the same buffer.
fn size(values: &ArrayRef) -> u128 {
    match values.as_list_opt::<i32>() {
        Some(lists) => lists.iter().flatten().map(|list| size(&list) + WORD).sum(),
        None => {
            let size = values.to_data().get_slice_memory_size();
            size.unwrap_or(usize::MAX) as u128
        }
    }
}

/// Values as numbers, in nanoseconds those of dates, times and steps between them; nothing for values
/// of other types.
fn numbers(values: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let (values, unit) = match values.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            let times = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            (times, NANOSECONDS_A_MICROSECOND)
        }
        of if of.is_numeric() => (values.clone(), 1),
        _ => {
            let steps = values.as_primitive_opt::<IntervalMonthDayNanoType>();
            let steps = steps.into_iter().flatten();
            return Ok(steps.map(|step| step.map(shortest)).collect());
        }
    };
    let numbers = cast(&values, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>().iter();
    Ok(numbers.map(|n| n.map(|n| i128::from(n) * unit)).collect())
}

/// The nanoseconds of a step, with the shortest months or the longest, whichever makes it shorter. A
/// month less 30 days may lead nowhere: that is taken as the shortest step there is.
fn shortest(step: IntervalMonthDayNano) -> i128 {
    let [one, other] = [28, 31].map(|days_a_month| {
        let days = i128::from(step.months) * days_a_month + i128::from(step.days);
        days * NANOSECONDS_A_DAY + i128::from(step.nanoseconds)
    });
    if one.signum() == other.signum() {
        std::cmp::min_by_key(one, other, |step| step.abs())
    } else {
        1
    }
}
