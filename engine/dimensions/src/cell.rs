//! The columns that a dimension may have, and their cells out of JSON.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate};
use datafusion_common::ScalarValue;
use serde_json::Value;

/// The types that a dimension's columns may have, as messages list them.
pub const DIMENSION_TYPES: &str = "STRING, BIGINT, INT, BOOLEAN, DOUBLE, DATE, TIMESTAMP";

/// Whether a field of a JSON value can become a cell of a column of this type.
pub fn is_dimension_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32 => true,
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => &**zone == "UTC",
        _ => false,
    }
}

/// The cell for a JSON value; `None` is null, which is also what a value of another type gives. A
/// number, a boolean, an object or an array gives its JSON text in a column of strings.
pub(super) fn cell(value: &Value, data_type: &DataType) -> Option<ScalarValue> {
    if value.is_null() {
        return None;
    }
    Some(match data_type {
        DataType::Utf8 => ScalarValue::Utf8(Some(match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })),
        DataType::Boolean => ScalarValue::Boolean(Some(value.as_bool()?)),
        DataType::Int8 => ScalarValue::Int8(Some(value.as_i64()?.try_into().ok()?)),
        DataType::Int16 => ScalarValue::Int16(Some(value.as_i64()?.try_into().ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(value.as_i64()?.try_into().ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(value.as_i64()?)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a FLOAT column asks for it"
        )]
        DataType::Float32 => ScalarValue::Float32(Some(value.as_f64()? as f32)),
        DataType::Float64 => ScalarValue::Float64(Some(value.as_f64()?)),
        DataType::Date32 => {
            let date: NaiveDate = value.as_str()?.parse().ok()?;
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            ScalarValue::Date32(Some(days.try_into().ok()?))
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
            let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some(zone.clone()))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_cells_and_values_of_another_type_become_null() {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let cases = [
            (json!("a"), DataType::Utf8, Some("a".to_owned())),
            (json!(5), DataType::Utf8, Some("5".to_owned())),
            (json!(true), DataType::Boolean, Some("true".to_owned())),
            (json!("true"), DataType::Boolean, None),
            (json!(300), DataType::Int8, None),
            (json!(300), DataType::Int16, Some("300".to_owned())),
            (json!(1.5), DataType::Int64, None),
            (json!(1.5), DataType::Float64, Some("1.5".to_owned())),
            (
                json!("1970-01-03"),
                DataType::Date32,
                Some("1970-01-03".to_owned()),
            ),
            (
                json!("1970-01-01T08:00:01+08:00"),
                utc.clone(),
                Some("1000000".to_owned()),
            ),
            (json!("yesterday"), utc, None),
            (json!(null), DataType::Utf8, None),
        ];
        for (value, data_type, expected) in cases {
            let found = cell(&value, &data_type);
            assert_eq!(
                found.map(|c| c.to_string()),
                expected,
                "{value} {data_type}"
            );
        }
    }
}
