//! How many steps a call would take for each row, where a row may take more than the square of what
//! it is made from. Steps are a nanosecond or so each.

use datafusion::common::Result;
use datafusion::logical_expr::ScalarFunctionArgs;

use super::arguments::{argument, lengths, rows};

/// Works out the steps that each row takes.
pub(super) type Steps = fn(&ScalarFunctionArgs) -> Result<Vec<u128>>;

/// `levenshtein(text, text)`, `array_has_all(list, list)`, `array_has_any(list, list)`,
/// `btrim(text, characters)`: each character or element is compared with each of the other.
pub(super) fn each_with_each(args: &ScalarFunctionArgs) -> Result<Vec<u128>> {
    if args.args.len() < 2 {
        return Ok(vec![0; rows(args).len()]);
    }
    let (one, other) = (
        argument(args, 0)?.map(lengths)?,
        argument(args, 1)?.map(lengths)?,
    );
    Ok(rows(args).map(|row| one.at(row) * other.at(row)).collect())
}
