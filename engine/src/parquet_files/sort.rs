//! The order of rows within a file.

use arrow::array::{Array, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;

use super::split::RowAt;

/// Sorts rows by `event_time` where the batches have it, nulls first, rows of equal time in
/// order of arrival; leaves them as they are elsewhere.
pub(super) fn sort_rows(batches: &[RecordBatch], rows: &mut [RowAt]) {
    let times: Option<Vec<&TimestampMicrosecondArray>> = batches
        .iter()
        .map(|batch| {
            batch
                .column_by_name("event_time")
                .and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
        })
        .collect();
    let Some(times) = times else { return };
    rows.sort_by_cached_key(|(batch, row)| {
        let times = times[*batch];
        times.is_valid(*row).then(|| times.value(*row))
    });
}
