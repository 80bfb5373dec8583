//! The range of each column in a file, for the statistics in the log, as the file's footer tells it.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema, TimeUnit};
use common::ColumnRange;
use common::partition_value::{calendar_date, calendar_time};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;
use serde_json::Value;

/// Longest text in a range, in characters.
const TEXT_CHARS_MAX: usize = 32;

/// How much of a text the footer must keep: a shortened text is changed in its last character, which
/// must be behind those that a range has.
pub(super) const TEXT_BYTES_MIN: usize = (TEXT_CHARS_MAX + 1) * 4;

/// The members of `position` that have ranges: they prove which records a file can hold.
const POSITION_LEAVES: [&str; 2] = ["partition", "offset"];

/// The ranges of a file's columns: whole numbers, text, dates and timestamps have least and greatest,
/// booleans and floats a null count only; binary columns and lists have none, structs none but
/// `position`. A date or timestamp outside the years 1 to 9999 leaves its column without least and
/// greatest.
pub(super) fn ranges(schema: &Schema, footer: &ParquetMetaData) -> BTreeMap<String, ColumnRange> {
    let mut ranges = BTreeMap::new();
    let mut add = |name: String, of: &DataType| {
        if let Some(range) = row_groups(&name, footer).and_then(|groups| range(of, &groups)) {
            ranges.insert(name, range);
        }
    };
    for field in schema.fields() {
        match field.data_type() {
            DataType::Struct(members) if field.name() == "position" => {
                for leaf in POSITION_LEAVES {
                    if let Some((_, member)) = members.find(leaf) {
                        add(format!("position.{leaf}"), member.data_type());
                    }
                }
            }
            of => add(field.name().clone(), of),
        }
    }
    ranges
}

/// A column in one row group.
struct RowGroup<'a> {
    statistics: &'a Statistics,
    null_count: u64,
    rows: u64,
}

/// A column in all row groups; none where one of them tells nothing of it.
fn row_groups<'a>(name: &str, footer: &'a ParquetMetaData) -> Option<Vec<RowGroup<'a>>> {
    let columns = footer.file_metadata().schema_descr().columns();
    let column = columns.iter().position(|c| c.path().string() == name)?;
    let groups = footer.row_groups().iter().map(|group| {
        let statistics = group.column(column).statistics()?;
        Some(RowGroup {
            statistics,
            null_count: statistics.null_count_opt()?,
            rows: u64::try_from(group.num_rows()).ok()?,
        })
    });
    groups.collect()
}

/// The range of a column; none for a type without statistics.
fn range(of: &DataType, groups: &[RowGroup]) -> Option<ColumnRange> {
    let bounds = match of {
        DataType::Int64 | DataType::Int32 | DataType::Int16 | DataType::Int8 => {
            merged(groups, numbers).map(|(least, greatest)| (least.into(), greatest.into()))
        }
        DataType::Utf8 => merged(groups, texts)
            .map(|(least, greatest)| (least_text(least).into(), greatest_text(greatest).into())),
        DataType::Date32 => in_calendar(groups, |days| calendar_date(i32::try_from(days).ok()?)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => in_calendar(groups, timestamp),
        DataType::Boolean | DataType::Float32 | DataType::Float64 => None,
        _ => return None,
    };
    let (min, max) = bounds.unwrap_or((Value::Null, Value::Null));
    Some(ColumnRange {
        min,
        max,
        null_count: groups.iter().map(|group| group.null_count as i64).sum(),
    })
}

/// The least and greatest value of all row groups. A row group has none if all is null; where one
/// has none for another reason, nothing is known of the column.
fn merged<'a, T: Ord>(
    groups: &'a [RowGroup],
    bounds: impl Fn(&'a Statistics) -> Option<(T, T)>,
) -> Option<(T, T)> {
    let mut all = None;
    for group in groups {
        match (bounds(group.statistics), all) {
            (Some((least, greatest)), Some((l, g))) => {
                all = Some((least.min(l), greatest.max(g)));
            }
            (Some(first), None) => all = Some(first),
            (None, known) if group.null_count == group.rows => all = known,
            (None, _) => return None,
        }
    }
    all
}

fn numbers(of: &Statistics) -> Option<(i64, i64)> {
    match of {
        Statistics::Int32(of) => Some(((*of.min_opt()?).into(), (*of.max_opt()?).into())),
        Statistics::Int64(of) => Some((*of.min_opt()?, *of.max_opt()?)),
        _ => None,
    }
}

fn texts(of: &Statistics) -> Option<(&str, &str)> {
    match of {
        Statistics::ByteArray(of) => {
            Some((of.min_opt()?.as_utf8().ok()?, of.max_opt()?.as_utf8().ok()?))
        }
        _ => None,
    }
}

/// Both bounds as texts; none where one has no text, so that nothing is pruned by half a range.
fn in_calendar(
    groups: &[RowGroup],
    text: impl Fn(i64) -> Option<String>,
) -> Option<(Value, Value)> {
    let (least, greatest) = merged(groups, numbers)?;
    Some((text(least)?.into(), text(greatest)?.into()))
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

    use arrow::array::{
        ArrayRef, BinaryArray, Date32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::Field;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// The ranges of a file that has a row group for each batch.
    fn ranges_of(batches: &[RecordBatch]) -> BTreeMap<String, ColumnRange> {
        let schema = batches[0].schema();
        let properties = WriterProperties::builder()
            .set_statistics_truncate_length(Some(TEXT_BYTES_MIN))
            .build();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
            writer.flush().unwrap();
        }
        ranges(&schema, &writer.close().unwrap())
    }

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
    fn a_text_that_the_footer_shortens_has_the_same_range() {
        for letter in ["a", "ü", "漢", "😀"] {
            let first = letter.repeat(32);
            for characters in [33, 34, 44, 67, 200] {
                let text = letter.repeat(characters);
                let column = Arc::new(StringArray::from(vec![text])) as ArrayRef;
                let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
                let range = ranges_of(&[batch]).remove("c").unwrap();
                assert_eq!(range.min, first);
                assert_eq!(range.max, format!("{first}{}", char::MAX));
            }
        }
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
        let ranges = ranges_of(&[batch.slice(0, 1), batch.slice(1, 2)]);
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
            ranges_of(&[batch]).remove("c").unwrap()
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
