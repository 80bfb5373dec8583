//! Functions that make much from little, or take long over it, with a limit on each call.
//!
//! `repeat('a', 2000000000)` allocates its result at once, inside one call: the memory pool is not
//! asked, the time limit is not looked at, and there is no point at which it could be cancelled. So
//! what a call would make is worked out from its arguments first. Trino and ClickHouse bound the
//! same functions for the same reason; here the limit is a share of the queries' memory. In the same
//! way `levenshtein` of two long texts would compute for days: its limit is on the steps of one row,
//! and between rows that take many it looks whether its query has to end.

mod arguments;
mod limit;
mod limited_function;

use std::sync::Arc;

use arguments::{Row, WORD};
use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::ScalarUDF;
use limit::Limit::{self, Bytes, Steps};
use limited_function::LimitedFunction;

/// Bytes of the widest character in UTF-8.
const CHARACTER: u128 = 4;
/// A number as text is at most so many times as long as its bytes.
const TEXT_OF_NUMBER: u128 = 4;
/// A time as text is at most so many times as long as its format: `%+` gives 32 characters.
const TEXT_OF_FORMAT: u128 = 16;

/// The functions whose calls are limited, with the numbers of their arguments. The tests name all
/// other functions, so that one that is new has to be put here or there.
const FUNCTIONS: &[(&str, Limit)] = &[
    ("array_concat", Bytes(|row| row.all(Row::size))),
    ("array_has_all", Steps(each_with_each)),
    ("array_has_any", Steps(each_with_each)),
    (
        "array_repeat",
        Bytes(|row| (row.size(0) + WORD) * row.count(1)),
    ),
    (
        "array_replace_all",
        Bytes(|row| row.size(0) + row.length(0) * row.size(2)),
    ),
    (
        "array_replace_n",
        Bytes(|row| row.size(0) + row.length(0) * row.size(2)),
    ),
    (
        "array_resize",
        Bytes(|row| row.size(0) + (row.size(2) + WORD) * row.count(1)),
    ),
    ("array_to_string", Bytes(listed_text)),
    ("btrim", Steps(each_with_each)),
    ("concat", Bytes(|row| row.all(Row::length))),
    ("concat_ws", Bytes(separated_text)),
    ("generate_series", Bytes(series)),
    ("levenshtein", Steps(each_with_each)),
    ("lpad", Bytes(padded_text)),
    ("ltrim", Steps(each_with_each)),
    ("range", Bytes(series)),
    ("regexp_replace", Bytes(replaced_matches)),
    ("repeat", Bytes(|row| row.length(0) * row.count(1))),
    ("replace", Bytes(replaced_text)),
    ("rpad", Bytes(padded_text)),
    ("rtrim", Steps(each_with_each)),
    ("strpos", Steps(each_with_each)),
    ("to_char", Bytes(|row| row.length(1) * TEXT_OF_FORMAT)),
];

/// Puts limited functions in the place of a session's own.
///
/// # Errors
/// Where the session has no function of one of the names.
pub(super) fn install(session: &mut SessionState, memory_bytes_max: usize) -> Result<()> {
    for (name, limit) in FUNCTIONS {
        let limited = LimitedFunction {
            inner: session.udf(name)?,
            limit: *limit,
            memory_bytes_max,
        };
        session.register_udf(Arc::new(ScalarUDF::new_from_impl(limited)))?;
    }
    Ok(())
}

/// `levenshtein(text, text)`, `btrim(text, characters)`, `array_has_all(list, list)`
fn each_with_each(row: &Row<'_>) -> u128 {
    row.length(0) * row.length(1)
}

/// `lpad(text, length, fill)`: the result has `length` characters.
fn padded_text(row: &Row<'_>) -> u128 {
    u128::from(!row.is_null(0)) * row.count(1) * CHARACTER
}

/// `replace(text, from, to)`: an empty text is found between all characters.
fn replaced_text(row: &Row<'_>) -> u128 {
    let found = row.length(0) / row.length(1).max(1) + 1;
    row.length(0) + found * row.length(2)
}

/// `regexp_replace(text, pattern, to, flags)`: what stands for a match may name its groups.
fn replaced_matches(row: &Row<'_>) -> u128 {
    let groups = row.text(2).matches(['\\', '$']).count() as u128;
    let is_global = row.text(3).contains('g');
    let found = if is_global { row.length(0) + 1 } else { 1 };
    row.length(0) * (groups + 1) + found * row.length(2)
}

/// `concat_ws(separator, text, …)`
fn separated_text(row: &Row<'_>) -> u128 {
    row.all(Row::length) + row.all(|row, _| row.length(0))
}

/// `array_to_string(list, separator, text of nulls)`
fn listed_text(row: &Row<'_>) -> u128 {
    row.size(0) * TEXT_OF_NUMBER + row.length(0) * (row.length(1) + row.length(2))
}

/// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`, of whole numbers, dates or times.
fn series(row: &Row<'_>) -> u128 {
    let (start, stop, step) = match row.len() {
        1 => (Some(0), row.number(0), Some(1)),
        2 => (row.number(0), row.number(1), Some(1)),
        _ => (row.number(0), row.number(1), row.number(2)),
    };
    let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
        return 0;
    };
    // A step of 0 is the function's own error.
    let span = u128::try_from((stop - start) * step.signum());
    span.map_or(0, |span| WORD * (span / step.unsigned_abs().max(1) + 1))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
