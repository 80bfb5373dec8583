//! One immutable Parquet file of a table, as the Delta log and the file index know it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The least and greatest value of a column in a file, as JSON in Delta's statistics format.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRange {
    /// The least value, null where the column has no value or no order.
    pub min: serde_json::Value,
    /// The greatest value, likewise.
    pub max: serde_json::Value,
    /// How many rows are null.
    pub null_count: i64,
}

/// One Parquet file that a commit adds.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Path below the table's folder, `/`-separated, not URL-encoded.
    pub path: Arc<str>,
    /// Partition column → value as Delta serializes it (None: null).
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Bytes.
    pub size: i64,
    /// Rows.
    pub rows: i64,
    /// Milliseconds since the epoch.
    pub modified_at_ms: i64,
    /// Statistics by top-level column (leaves of structs by dotted name).
    pub ranges: BTreeMap<String, ColumnRange>,
}
