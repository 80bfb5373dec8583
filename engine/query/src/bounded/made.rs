//! How many bytes a call would make, from its arguments. Rows with a null make nothing, as do counts
//! below zero; what isn't known exactly is taken too large rather than too small.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, IntervalMonthDayNanoType, TimeUnit};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ScalarFunctionArgs;

use super::arguments::{Argument, argument, counts, lengths, rows, texts, whole_numbers};

/// Works out the bytes that a call makes, for all rows together.
pub(super) type Made = fn(&ScalarFunctionArgs) -> Result<u128>;
/// The size of each value of a column, or its count.
type Sizes = fn(&ArrayRef) -> Result<Vec<u128>>;

/// Bytes of a number, a time or an offset.
const WORD: u128 = 8;
/// Bytes of the widest character in UTF-8.
const CHARACTER: u128 = 4;
/// A number as text is at most so many times as long as its bytes.
const TEXT_OF_NUMBER: u128 = 4;
/// A time as text is at most so many times as long as its format: `%+` gives 32 characters.
const TEXT_OF_FORMAT: u128 = 16;
const NANOSECONDS_A_MICROSECOND: i128 = 1_000;
const NANOSECONDS_A_DAY: i128 = 86_400_000_000_000;

/// `repeat(text, n)`
pub(super) fn repeated_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let sizes = argument(args, 0)?.map(lengths)?;
    let counts = argument(args, 1)?.map(counts)?;
    Ok(rows(args).map(|row| sizes.at(row) * counts.at(row)).sum())
}

/// `lpad(text, length, fill)`: the result has `length` characters.
pub(super) fn padded_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let texts = argument(args, 0)?;
    let characters = argument(args, 1)?.map(counts)?;
    Ok(rows(args)
        .filter(|row| !texts.is_null(*row))
        .map(|row| characters.at(row) * CHARACTER)
        .sum())
}

/// `replace(text, from, to)`
pub(super) fn replaced_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let [text, from, to] = [0, 1, 2].map(|n| argument(args, n).and_then(|of| of.map(texts)));
    let [text, from, to] = [text?, from?, to?];
    Ok(rows(args)
        .map(|row| match (text.at(row), from.at(row), to.at(row)) {
            (Some(text), Some(from), Some(to)) => {
                // An empty text is found between all characters.
                let found = text.matches(from).count() as u128;
                text.len() as u128 + found * to.len() as u128
            }
            _ => 0,
        })
        .sum())
}

/// `regexp_replace(text, pattern, to, flags)`, as if the pattern were found between all characters
/// where the flags ask for all matches.
pub(super) fn replaced_matches(args: &ScalarFunctionArgs) -> Result<u128> {
    let [sizes, to] = [0, 2].map(|n| argument(args, n).and_then(|of| of.map(lengths)));
    let (sizes, to) = (sizes?, to?);
    let flags = match args.args.len() {
        0..4 => None,
        _ => Some(argument(args, 3)?.map(texts)?),
    };
    let is_global = |row| {
        let flags = flags.as_ref().and_then(|flags| flags.at(row));
        flags.is_some_and(|flags| flags.contains('g'))
    };
    let made = |row| {
        let matches = if is_global(row) { sizes.at(row) + 1 } else { 1 };
        sizes.at(row) + matches * to.at(row)
    };
    Ok(rows(args).map(made).sum())
}

/// `concat(text, …)`
pub(super) fn joined_text(args: &ScalarFunctionArgs) -> Result<u128> {
    sum_of(args, 0, lengths)
}

/// `concat_ws(separator, text, …)`
pub(super) fn separated_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let separator = argument(args, 0)?.map(lengths)?;
    let separators = args.args.len().saturating_sub(2) as u128;
    let made = |row| separator.at(row) * separators;
    Ok(sum_of(args, 1, lengths)? + rows(args).map(made).sum::<u128>())
}

/// `array_to_string(list, separator, text of nulls)`
pub(super) fn listed_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let list = argument(args, 0)?;
    let (sizes, elements) = (list.map(value_sizes)?, list.map(lengths)?);
    let separator = argument(args, 1)?.map(lengths)?;
    let null = match args.args.len() {
        0..3 => Argument::same(Vec::new()),
        _ => argument(args, 2)?.map(lengths)?,
    };
    let made = |row| {
        sizes.at(row) * TEXT_OF_NUMBER + elements.at(row) * (separator.at(row) + null.at(row))
    };
    Ok(rows(args).map(made).sum())
}

/// `array_concat(list, …)`
pub(super) fn joined_lists(args: &ScalarFunctionArgs) -> Result<u128> {
    sum_of(args, 0, value_sizes)
}

/// `array_repeat(element, n)`
pub(super) fn repeated_elements(args: &ScalarFunctionArgs) -> Result<u128> {
    let sizes = argument(args, 0)?.map(value_sizes)?;
    let counts = argument(args, 1)?.map(counts)?;
    let made = |row| (sizes.at(row) + WORD) * counts.at(row);
    Ok(rows(args).map(made).sum())
}

/// `array_resize(list, n, fill)`
pub(super) fn resized_list(args: &ScalarFunctionArgs) -> Result<u128> {
    let kept = argument(args, 0)?.map(value_sizes)?;
    let counts = argument(args, 1)?.map(sizes_of_lists)?;
    let fill = match args.args.len() {
        0..3 => Argument::same(Vec::new()),
        _ => argument(args, 2)?.map(value_sizes)?,
    };
    let made = |row| kept.at(row) + (fill.at(row) + WORD) * counts.at(row);
    Ok(rows(args).map(made).sum())
}

/// `array_replace_all(list, from, to)`, and `array_replace_n`, as if all were replaced.
pub(super) fn replaced_elements(args: &ScalarFunctionArgs) -> Result<u128> {
    let list = argument(args, 0)?;
    let (kept, elements) = (list.map(value_sizes)?, list.map(lengths)?);
    let replacement = argument(args, 2)?.map(value_sizes)?;
    let made = |row| kept.at(row) + elements.at(row) * replacement.at(row);
    Ok(rows(args).map(made).sum())
}

/// `to_char(time, format)`
pub(super) fn formatted_text(args: &ScalarFunctionArgs) -> Result<u128> {
    let formats = argument(args, 1)?.map(lengths)?;
    Ok(rows(args).map(|row| formats.at(row) * TEXT_OF_FORMAT).sum())
}

/// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`, of whole numbers, dates or times.
pub(super) fn series(args: &ScalarFunctionArgs) -> Result<u128> {
    let zero = Argument::same(vec![Some(0)]);
    let one = Argument::same(vec![Some(1)]);
    let (start, stop, step) = match args.args.len() {
        0 | 1 => (zero, argument(args, 0)?.map(ends)?, one),
        2 => (
            argument(args, 0)?.map(ends)?,
            argument(args, 1)?.map(ends)?,
            one,
        ),
        _ => (
            argument(args, 0)?.map(ends)?,
            argument(args, 1)?.map(ends)?,
            argument(args, 2)?.map(steps)?,
        ),
    };
    Ok(rows(args)
        .map(|row| match (start.at(row), stop.at(row), step.at(row)) {
            (Some(start), Some(stop), Some(step)) => WORD * values_between(start, stop, step),
            _ => 0,
        })
        .sum())
}

/// The sizes of all arguments from the nth on, as the result has them, one after the other.
fn sum_of(args: &ScalarFunctionArgs, first: usize, sizes: Sizes) -> Result<u128> {
    (first..args.args.len()).try_fold(0, |sum, n| {
        let sizes = argument(args, n)?.map(sizes)?;
        Ok(sum + rows(args).map(|row| sizes.at(row)).sum::<u128>())
    })
}

/// How many values a series has at the most. A step of 0 is the function's own error.
fn values_between(start: i128, stop: i128, step: i128) -> u128 {
    let span = stop - start;
    if step == 0 || span.signum() == -step.signum() {
        return 0;
    }
    span.unsigned_abs() / step.unsigned_abs() + 1
}

/// Counts that must not be negative.
fn sizes_of_lists(column: &ArrayRef) -> Result<Vec<u128>> {
    match whole_numbers(column)?.iter().flatten().find(|n| *n < 0) {
        Some(n) => Err(DataFusionError::Execution(format!(
            "a list cannot have {n} elements"
        ))),
        None => counts(column),
    }
}

/// The bytes of each value, whatever its type.
fn value_sizes(column: &ArrayRef) -> Result<Vec<u128>> {
    (0..column.len())
        .map(|row| {
            let value = column.slice(row, 1).to_data();
            Ok(value.get_slice_memory_size()? as u128)
        })
        .collect()
}

/// Starts and ends as numbers: those of dates and times in nanoseconds.
fn ends(column: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let is_time = matches!(
        column.data_type(),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _)
    );
    let (numbers, unit) = if is_time {
        let times = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        (whole_numbers(&times)?, NANOSECONDS_A_MICROSECOND)
    } else {
        (whole_numbers(column)?, 1)
    };
    let end = |n: Option<i64>| n.map(|n| i128::from(n) * unit);
    Ok(numbers.iter().map(end).collect())
}

/// Steps as numbers: those between dates and times in nanoseconds, with the shortest months or the
/// longest, whichever makes them shorter.
fn steps(column: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let Some(intervals) = column.as_primitive_opt::<IntervalMonthDayNanoType>() else {
        let numbers = whole_numbers(column)?;
        return Ok(numbers.iter().map(|n| n.map(i128::from)).collect());
    };
    Ok(intervals
        .iter()
        .map(|step| {
            let step = step?;
            let [short, long] = [28, 31].map(|days_a_month| {
                let days = i128::from(step.months) * days_a_month + i128::from(step.days);
                days * NANOSECONDS_A_DAY + i128::from(step.nanoseconds)
            });
            // A month less 30 days may lead nowhere: taken as the shortest step there is.
            let leads_somewhere = short.signum() == long.signum();
            let shorter = if short.abs() < long.abs() {
                short
            } else {
                long
            };
            Some(if leads_somewhere { shorter } else { 1 })
        })
        .collect())
}
