//! A partition value as Delta serializes it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use datafusion_common::ScalarValue;

use crate::{EngineError, Result};

/// The name of a null in a folder's name.
pub const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Years that have four digits, which every reader of Delta can name.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// Whether tables may be partitioned by columns of a type: whether its values have one text each.
pub fn can_partition(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::Int64
            | DataType::Int32
            | DataType::Int16
            | DataType::Int8
            | DataType::Boolean
            | DataType::Date32
            | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}

/// The value of a row, as text; a null and the empty text are both `None`, since Delta cannot
/// tell them apart. Timestamps are UTC, `yyyy-MM-dd HH:mm:ss`, with microseconds where there are
/// any. A year of more than four digits has its sign before it. Dates and timestamps that no
/// calendar names (beyond the years ±262,000) are the bare number of days or microseconds: a stored
/// value never keeps its group from being committed.
///
/// # Errors
/// [`crate::Kind::Invalid`] for a type that tables are not partitioned by.
pub fn partition_value(column: &dyn Array, row: usize) -> Result<Option<String>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let text = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            day(days).map_or_else(|| days.to_string(), date_text)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        other => {
            return Err(EngineError::invalid(format!(
                "a table cannot be partitioned by a column of type {other}; use text, a whole \
                 number, a date or a timestamp"
            )));
        }
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A value of this type from the text that [`partition_value`] made of it.
///
/// # Errors
/// For a text that is no value of the type.
pub fn parse_partition_value(
    text: &str,
    data_type: &DataType,
) -> datafusion_common::Result<ScalarValue> {
    let known = match data_type {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let named = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
            let micros = named.map(|at| at.and_utc().timestamp_micros());
            (micros.ok().or_else(|| text.parse().ok()))
                .map(|micros| ScalarValue::TimestampMicrosecond(Some(micros), zone.clone()))
        }
        DataType::Date32 => {
            let named = NaiveDate::parse_from_str(text, "%Y-%m-%d");
            let days =
                named.map(|date| date.signed_duration_since(NaiveDate::default()).num_days());
            (days.ok().and_then(|days| i32::try_from(days).ok()))
                .or_else(|| text.parse().ok())
                .map(|days| ScalarValue::Date32(Some(days)))
        }
        _ => None,
    };
    match known {
        Some(value) => Ok(value),
        None => ScalarValue::try_from_string(text.to_owned(), data_type),
    }
}

fn timestamp(micros: i64) -> String {
    let Some(at) = DateTime::from_timestamp_micros(micros) else {
        return micros.to_string();
    };
    let format = if micros % 1_000_000 == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f"
    };
    at.format(format).to_string()
}

/// A timestamp in the years 1 to 9999.
pub fn calendar_time(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).filter(|at| YEARS.contains(&at.year()))
}

/// A date in the years 1 to 9999, as `yyyy-MM-dd`.
pub fn calendar_date(days: i32) -> Option<String> {
    day(days)
        .filter(|date| YEARS.contains(&date.year()))
        .map(date_text)
}

fn day(days: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(days)))
}

fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use arrow::array::{Date32Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn values_are_as_delta_wants_them() {
        let times = TimestampMicrosecondArray::from(vec![0, 1_500_000]).with_timezone("UTC");
        assert_eq!(
            partition_value(&times, 0).unwrap().unwrap(),
            "1970-01-01 00:00:00"
        );
        assert_eq!(
            partition_value(&times, 1).unwrap().unwrap(),
            "1970-01-01 00:00:01.500000"
        );
        let dates = Date32Array::from(vec![20_000]);
        assert_eq!(partition_value(&dates, 0).unwrap().unwrap(), "2024-10-04");
        let texts = StringArray::from(vec![Some("a/b"), Some(""), None]);
        assert_eq!(partition_value(&texts, 0).unwrap().unwrap(), "a/b");
        assert_eq!(partition_value(&texts, 1).unwrap(), None);
        assert_eq!(partition_value(&texts, 2).unwrap(), None);
    }

    #[test]
    fn every_time_and_date_comes_back_from_its_text() {
        let micros = [
            i64::MIN,
            -8_000_000_000_000_000_000,
            -62_135_596_800_000_001,
            -62_135_596_800_000_000,
            -1,
            0,
            1_500_000,
            253_402_300_799_999_999,
            253_402_300_800_000_000,
            8_000_000_000_000_000_000,
            i64::MAX,
        ];
        let times = TimestampMicrosecondArray::from(micros.to_vec()).with_timezone("UTC");
        let days = [i32::MIN, -719_162, 0, 2_932_896, 2_932_897, i32::MAX];
        let dates = Date32Array::from(days.to_vec());
        let columns: [&dyn Array; 2] = [&times, &dates];
        for column in columns {
            for row in 0..column.len() {
                let text = partition_value(column, row).unwrap().unwrap();
                let read = parse_partition_value(&text, column.data_type()).unwrap();
                let stored = ScalarValue::try_from_array(column, row).unwrap();
                assert_eq!(read, stored, "{text}");
            }
        }
    }
}
