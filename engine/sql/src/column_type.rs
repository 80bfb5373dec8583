//! The Arrow type that a type of the SQL folder stands for.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType as SqlType, ExactNumberInfo};

/// The types that a column may have, as messages list them.
pub(super) const KNOWN_TYPES: &str = "STRING, BIGINT, INT, BOOLEAN, DOUBLE, DATE, TIMESTAMP, \
     BINARY, DECIMAL(p, s), ARRAY<…>, STRUCT<name type, …>";

/// The type of every stored time: microseconds in UTC.
pub fn utc_time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The Arrow type of a declared column, or None where there is none.
///
/// `TIMESTAMP` is an instant, as in Spark: there is no column without a time zone.
pub(super) fn arrow_type(sql: &SqlType) -> Option<DataType> {
    Some(match sql {
        SqlType::String(None) | SqlType::Text | SqlType::Varchar(_) => DataType::Utf8,
        SqlType::BigInt(None) => DataType::Int64,
        SqlType::Int(None) | SqlType::Integer(None) => DataType::Int32,
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::Double(_) | SqlType::DoublePrecision => DataType::Float64,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(None, _) => utc_time(),
        SqlType::Binary(None) | SqlType::Bytea => DataType::Binary,
        SqlType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, scale))
        | SqlType::Numeric(ExactNumberInfo::PrecisionAndScale(precision, scale)) => {
            let precision = u8::try_from(*precision)
                .ok()
                .filter(|p| (1..=38).contains(p))?;
            let scale = i8::try_from(*scale)
                .ok()
                .filter(|s| (0..=precision as i8).contains(s))?;
            DataType::Decimal128(precision, scale)
        }
        SqlType::Array(ArrayElemTypeDef::AngleBracket(item)) => {
            DataType::List(Arc::new(Field::new("item", arrow_type(item)?, true)))
        }
        SqlType::Struct(fields, _) => {
            let fields = fields
                .iter()
                .map(|f| {
                    let name = &f.field_name.as_ref()?.value;
                    Some(Field::new(name, arrow_type(&f.field_type)?, true))
                })
                .collect::<Option<Fields>>()?;
            DataType::Struct(fields)
        }
        _ => return None,
    })
}

/// What is wrong with a type that a query gives out, if anything.
///
/// What is right can be stored in Delta and read by every client: no unsigned or narrow integers,
/// no times without a zone.
pub(super) fn unsupported(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Utf8
        | DataType::Int32
        | DataType::Int64
        | DataType::Boolean
        | DataType::Float64
        | DataType::Date32
        | DataType::Binary
        | DataType::Decimal128(..) => None,
        DataType::Timestamp(_, None) => Some(
            "is a time without a zone: times are instants in UTC, from received, event_time() or a TIMESTAMP column",
        ),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => None,
        DataType::Timestamp(..) => Some(
            "must be in microseconds and UTC: write arrow_cast(…, 'Timestamp(Microsecond, Some(\"UTC\"))')",
        ),
        DataType::List(item) => unsupported(item.data_type()),
        DataType::Struct(fields) => fields.iter().find_map(|f| unsupported(f.data_type())),
        DataType::Utf8View | DataType::LargeUtf8 => Some("must be cast to STRING"),
        DataType::Null => Some("is always null: cast it to the type that is meant"),
        _ => Some("has no counterpart in Delta and in every client: cast it"),
    }
}
