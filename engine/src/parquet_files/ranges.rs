//! The range of each column in a file, for the statistics in the log.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute;
use arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use serde_json::Value;

use super::partition_value::{calendar_date, calendar_time};
use crate::error::Result;
use crate::values::ColumnRange;

/// Longest text in a range, in characters.
const TEXT_CHARS_MAX: usize = 32;

/// The members of `position` that have ranges: they prove which records a file can hold.
const POSITION_LEAVES: [&str; 2] = ["partition", "offset"];

/// The ranges of a file's columns: whole numbers, text, dates and timestamps have least and
/// greatest, booleans and floats a null count only; binary columns and lists have none, structs
/// none but `position`. A date or timestamp outside the years 1 to 9999 leaves its column without
/// least and greatest.
pub(super) fn ranges(batch: &RecordBatch) -> Result<BTreeMap<String, ColumnRange>> {
    let mut ranges = BTreeMap::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Some(range) = range(column) {
            ranges.insert(field.name().clone(), range);
        }
        if field.name() == "position"
            && let Some(position) = column.as_struct_opt()
        {
            for leaf in POSITION_LEAVES {
                if let Some(column) = position.column_by_name(leaf)
                    && let Some(range) = range(column)
                {
                    ranges.insert(format!("position.{leaf}"), range);
                }
            }
        }
    }
    Ok(ranges)
}

fn range(column: &ArrayRef) -> Option<ColumnRange> {
    let (min, max) = match column.data_type() {
        DataType::Int64 => numbers::<Int64Type>(column),
        DataType::Int32 => numbers::<Int32Type>(column),
        DataType::Int16 => numbers::<Int16Type>(column),
        DataType::Int8 => numbers::<Int8Type>(column),
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            (
                compute::min_string(texts).map_or(Value::Null, |t| Value::from(least_text(t))),
                compute::max_string(texts).map_or(Value::Null, |t| Value::from(greatest_text(t))),
            )
        }
        DataType::Date32 => {
            let (min, max) = bounds::<Date32Type>(column);
            both(min.map(calendar_date), max.map(calendar_date))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let (min, max) = bounds::<TimestampMicrosecondType>(column);
            both(min.map(timestamp), max.map(timestamp))
        }
        DataType::Boolean | DataType::Float32 | DataType::Float64 => (Value::Null, Value::Null),
        _ => return None,
    };
    Some(ColumnRange {
        min,
        max,
        null_count: column.null_count() as i64,
    })
}

/// The range as texts; none where an end has no text, so that nothing is pruned by half a range.
fn both(min: Option<Option<String>>, max: Option<Option<String>>) -> (Value, Value) {
    match (min.flatten(), max.flatten()) {
        (Some(min), Some(max)) => (Value::from(min), Value::from(max)),
        _ => (Value::Null, Value::Null),
    }
}

fn bounds<T: ArrowPrimitiveType>(column: &ArrayRef) -> (Option<T::Native>, Option<T::Native>)
where
    T::Native: arrow::array::ArrowNativeTypeOp,
{
    let values: &PrimitiveArray<T> = column.as_primitive();
    (compute::min(values), compute::max(values))
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> (Value, Value)
where
    T::Native: arrow::array::ArrowNativeTypeOp + Into<i64>,
{
    let (min, max) = bounds::<T>(column);
    let value = |v: Option<T::Native>| v.map_or(Value::Null, |v| Value::from(v.into()));
    (value(min), value(max))
}

/// A timestamp in Delta's statistics: ISO 8601 in UTC. Microseconds are kept, so that no reader
/// needs to widen the greatest. None outside the years that all readers know.
fn timestamp(micros: i64) -> Option<String> {
    calendar_time(micros).map(|at| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

/// A text's first characters: at most the text.
fn least_text(text: &str) -> &str {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A text that is at least `text`, and short if it can be: its first characters, then the
/// greatest of all characters. Where the text goes on with that very character it stays whole.
fn greatest_text(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, next)) if next != char::MAX => format!("{}{}", &text[..end], char::MAX),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{BinaryArray, Date32Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn a_shortened_range_still_holds_the_text() {
        let long = "a".repeat(40);
        let topped = format!("{}{}{}", "a".repeat(32), char::MAX, char::MAX);
        let wide = "ü".repeat(33);
        for text in ["", "short", &long, &topped, &wide] {
            assert!(least_text(text) <= text);
            assert!(greatest_text(text).as_str() >= text, "{text}");
        }
        assert_eq!(greatest_text(&long).chars().count(), 33);
    }

    #[test]
    fn ranges_count_nulls_and_skip_binary() {
        let schema = Schema::new(vec![
            Field::new("name", DataType::Utf8, true),
            Field::new("key", DataType::Binary, true),
            Field::new(
                "at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
        ]);
        let batch = RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(StringArray::from(vec![Some("b"), None, Some("a")])),
                Arc::new(BinaryArray::from(vec![Some(b"x".as_slice()), None, None])),
                Arc::new(
                    TimestampMicrosecondArray::from(vec![None, None, None]).with_timezone("UTC"),
                ),
            ],
        )
        .unwrap();
        let ranges = ranges(&batch).unwrap();
        assert_eq!(ranges.len(), 2);
        assert_eq!(ranges["name"].min, "a");
        assert_eq!(ranges["name"].max, "b");
        assert_eq!(ranges["name"].null_count, 1);
        assert_eq!(ranges["at"].min, Value::Null);
        assert_eq!(ranges["at"].null_count, 3);
    }

    #[test]
    fn a_time_out_of_the_calendar_leaves_its_column_without_a_range() {
        for odd in [i64::MIN, i64::MAX, 253_402_300_800_000_000] {
            let times = TimestampMicrosecondArray::from(vec![0, odd]).with_timezone("UTC");
            let found = range(&(Arc::new(times) as ArrayRef)).unwrap();
            assert_eq!((found.min, found.max), (Value::Null, Value::Null));
        }
        let dates = Date32Array::from(vec![0, i32::MAX]);
        let found = range(&(Arc::new(dates) as ArrayRef)).unwrap();
        assert_eq!((found.min, found.max), (Value::Null, Value::Null));
        assert_eq!(found.null_count, 0);
    }
}
