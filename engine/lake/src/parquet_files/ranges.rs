//! The range of each column in a file, for the statistics in the log.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute;
use arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use serde_json::Value;

use common::ColumnRange;
use common::partition_value::{calendar_date, calendar_time};

/// Longest text in a range, in characters.
const TEXT_CHARS_MAX: usize = 32;

/// The members of `position` that have ranges: they prove which records a file can hold.
const POSITION_LEAVES: [&str; 2] = ["partition", "offset"];

/// The ranges of a file's columns, brought up to date part by part: whole numbers, text, dates and
/// timestamps have least and greatest, booleans and floats a null count only; binary columns and
/// lists have none, structs none but `position`. A date or timestamp outside the years 1 to 9999
/// leaves its column without least and greatest.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    columns: BTreeMap<String, Column>,
}

/// What is known of one column.
#[derive(Debug)]
struct Column {
    bounds: Bounds,
    null_count: usize,
}

/// The least and greatest value of a column, by what it holds.
#[derive(Debug)]
enum Bounds {
    Numbers(Extremes<i64>),
    Texts(Extremes<String>),
    Days(Extremes<i32>),
    Micros(Extremes<i64>),
    /// Counted only.
    Unordered,
}

#[derive(Debug)]
struct Extremes<T> {
    least: Option<T>,
    greatest: Option<T>,
}

impl Ranges {
    /// Takes a part of the file's rows.
    pub(super) fn add(&mut self, part: &RecordBatch) {
        for (field, column) in part.schema().fields().iter().zip(part.columns()) {
            self.add_column(field.name(), column);
            if field.name() == "position"
                && let Some(position) = column.as_struct_opt()
            {
                for leaf in POSITION_LEAVES {
                    if let Some(column) = position.column_by_name(leaf) {
                        self.add_column(&format!("position.{leaf}"), column);
                    }
                }
            }
        }
    }

    /// The ranges of all parts.
    pub(super) fn finish(self) -> BTreeMap<String, ColumnRange> {
        let columns = self.columns.into_iter();
        columns
            .map(|(name, column)| (name, column.finish()))
            .collect()
    }

    fn add_column(&mut self, name: &str, values: &ArrayRef) {
        if let Some(column) = self.columns.get_mut(name) {
            column.add(values);
        } else if let Some(bounds) = Bounds::of(values.data_type()) {
            let mut column = Column {
                bounds,
                null_count: 0,
            };
            column.add(values);
            self.columns.insert(name.to_owned(), column);
        }
    }
}

impl Column {
    fn add(&mut self, values: &ArrayRef) {
        self.null_count += values.null_count();
        self.bounds.add(values);
    }

    fn finish(self) -> ColumnRange {
        let (min, max) = match self.bounds {
            Bounds::Numbers(Extremes { least, greatest }) => (least.into(), greatest.into()),
            Bounds::Texts(Extremes { least, greatest }) => (
                least.map(|t| least_text(&t).to_owned()).into(),
                greatest.map(|t| greatest_text(&t)).into(),
            ),
            Bounds::Days(days) => days.as_json(calendar_date),
            Bounds::Micros(micros) => micros.as_json(timestamp),
            Bounds::Unordered => (Value::Null, Value::Null),
        };
        ColumnRange {
            min,
            max,
            null_count: self.null_count as i64,
        }
    }
}

impl Bounds {
    /// No value yet; none for a type without statistics.
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Int64 | DataType::Int32 | DataType::Int16 | DataType::Int8 => {
                Some(Self::Numbers(Extremes::default()))
            }
            DataType::Utf8 => Some(Self::Texts(Extremes::default())),
            DataType::Date32 => Some(Self::Days(Extremes::default())),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Some(Self::Micros(Extremes::default()))
            }
            DataType::Boolean | DataType::Float32 | DataType::Float64 => Some(Self::Unordered),
            _ => None,
        }
    }

    fn add(&mut self, values: &ArrayRef) {
        match self {
            Self::Numbers(extremes) => match values.data_type() {
                DataType::Int32 => extremes.add(bounds::<Int32Type>(values)),
                DataType::Int16 => extremes.add(bounds::<Int16Type>(values)),
                DataType::Int8 => extremes.add(bounds::<Int8Type>(values)),
                _ => extremes.add(bounds::<Int64Type>(values)),
            },
            Self::Texts(extremes) => {
                let texts = values.as_string::<i32>();
                extremes.add_texts(compute::min_string(texts), compute::max_string(texts));
            }
            Self::Days(extremes) => extremes.add(bounds::<Date32Type>(values)),
            Self::Micros(extremes) => extremes.add(bounds::<TimestampMicrosecondType>(values)),
            Self::Unordered => {}
        }
    }
}

impl<T> Default for Extremes<T> {
    fn default() -> Self {
        Self {
            least: None,
            greatest: None,
        }
    }
}

impl<T: Ord + Copy> Extremes<T> {
    fn add<N: Into<T>>(&mut self, (least, greatest): (Option<N>, Option<N>)) {
        let (least, greatest) = (least.map(Into::into), greatest.map(Into::into));
        self.least = self.least.into_iter().chain(least).min();
        self.greatest = self.greatest.into_iter().chain(greatest).max();
    }

    /// Both as texts; none where one has no text, so that nothing is pruned by half a range.
    fn as_json(&self, text: impl Fn(T) -> Option<String>) -> (Value, Value) {
        match (self.least.and_then(&text), self.greatest.and_then(&text)) {
            (Some(least), Some(greatest)) => (least.into(), greatest.into()),
            _ => (Value::Null, Value::Null),
        }
    }
}

impl Extremes<String> {
    fn add_texts(&mut self, least: Option<&str>, greatest: Option<&str>) {
        if let Some(text) = least
            && self.least.as_deref().is_none_or(|known| text < known)
        {
            self.least = Some(text.to_owned());
        }
        if let Some(text) = greatest
            && self.greatest.as_deref().is_none_or(|known| text > known)
        {
            self.greatest = Some(text.to_owned());
        }
    }
}

fn bounds<T: ArrowPrimitiveType>(column: &ArrayRef) -> (Option<T::Native>, Option<T::Native>)
where
    T::Native: arrow::array::ArrowNativeTypeOp,
{
    let values: &PrimitiveArray<T> = column.as_primitive();
    (compute::min(values), compute::max(values))
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
        let mut ranges = Ranges::default();
        ranges.add(&batch.slice(0, 1));
        ranges.add(&batch.slice(1, 2));
        let ranges = ranges.finish();
        assert_eq!(ranges.len(), 2);
        assert_eq!(ranges["name"].min, "a");
        assert_eq!(ranges["name"].max, "b");
        assert_eq!(ranges["name"].null_count, 1);
        assert_eq!(ranges["at"].min, Value::Null);
        assert_eq!(ranges["at"].null_count, 3);
    }

    #[test]
    fn a_time_out_of_the_calendar_leaves_its_column_without_a_range() {
        let range = |column: ArrayRef| {
            let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
            let mut ranges = Ranges::default();
            ranges.add(&batch);
            ranges.finish().remove("c").unwrap()
        };
        for odd in [i64::MIN, i64::MAX, 253_402_300_800_000_000] {
            let times = TimestampMicrosecondArray::from(vec![0, odd]).with_timezone("UTC");
            let found = range(Arc::new(times));
            assert_eq!((found.min, found.max), (Value::Null, Value::Null));
        }
        let found = range(Arc::new(Date32Array::from(vec![0, i32::MAX])));
        assert_eq!((found.min, found.max), (Value::Null, Value::Null));
        assert_eq!(found.null_count, 0);
    }
}
