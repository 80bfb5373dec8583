//! What a pipeline writes.

/// What a pipeline writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A table: its query may give `reject`, unnest and join.
    Table,
    /// A ledger: its query gives one row of each row, or none.
    Ledger,
}
