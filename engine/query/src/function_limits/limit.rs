//! What of a function's calls is limited.

use super::arguments::Row;

/// What of a function's calls is limited, worked out row by row. What isn't known exactly is taken
/// too large rather than too small.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// The bytes that all rows of a call make together.
    Bytes(fn(&Row<'_>) -> u128),
    /// The steps that each row takes, of a nanosecond or so.
    Steps(fn(&Row<'_>) -> u128),
}
