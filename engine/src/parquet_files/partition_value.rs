//! A partition value as Delta serializes it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate, TimeDelta};

use crate::error::{EngineError, Result};

/// The name of a null in a folder's name.
pub const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The value of a row, as text; a null and the empty text are both `None`, since Delta cannot
/// tell them apart. Timestamps are UTC, `yyyy-MM-dd HH:mm:ss`, with microseconds where there are
/// any.
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
        DataType::Date32 => date(column.as_primitive::<Date32Type>().value(row))?,
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row))?
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

fn timestamp(micros: i64) -> Result<String> {
    let at = DateTime::from_timestamp_micros(micros).ok_or_else(out_of_range)?;
    let format = if micros % 1_000_000 == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f"
    };
    Ok(at.format(format).to_string())
}

/// A date as `yyyy-MM-dd`.
pub(super) fn date(days: i32) -> Result<String> {
    NaiveDate::default()
        .checked_add_signed(TimeDelta::days(i64::from(days)))
        .map(|date| date.format("%Y-%m-%d").to_string())
        .ok_or_else(out_of_range)
}

fn out_of_range() -> EngineError {
    EngineError::data("a date or timestamp is out of the calendar's range")
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
}
