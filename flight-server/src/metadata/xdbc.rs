//! SQL's names for types, as ODBC and JDBC know them.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};
use tonic::Status;

use crate::status;

/// What tools show about a column's type.
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) precision: Option<i32>,
    pub(super) scale: Option<i32>,
}

/// SQL's words for a type on the wire.
pub(super) fn describe(data_type: &DataType) -> Described {
    use DataType as T;
    let (name, precision, scale) = match data_type {
        T::Boolean => ("BOOLEAN", Some(1), None),
        T::Int8 => ("TINYINT", Some(3), Some(0)),
        T::Int16 | T::UInt8 => ("SMALLINT", Some(5), Some(0)),
        T::Int32 | T::UInt16 => ("INTEGER", Some(10), Some(0)),
        T::Int64 | T::UInt32 => ("BIGINT", Some(19), Some(0)),
        T::UInt64 => ("BIGINT UNSIGNED", Some(20), Some(0)),
        T::Float16 | T::Float32 => ("REAL", Some(7), None),
        T::Float64 => ("DOUBLE", Some(15), None),
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
            ("DECIMAL", Some(i32::from(*p)), Some(i32::from(*s)))
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View => ("VARCHAR", None, None),
        T::Binary | T::LargeBinary | T::BinaryView => ("VARBINARY", None, None),
        T::FixedSizeBinary(n) => ("BINARY", Some(*n), None),
        T::Date32 | T::Date64 => ("DATE", Some(10), None),
        T::Time32(_) | T::Time64(_) => ("TIME", Some(15), Some(6)),
        T::Timestamp(_, None) => ("TIMESTAMP", Some(26), Some(6)),
        T::Timestamp(_, Some(_)) => ("TIMESTAMP WITH TIME ZONE", Some(32), Some(6)),
        T::Interval(_) | T::Duration(_) => ("INTERVAL", None, None),
        T::List(_)
        | T::LargeList(_)
        | T::ListView(_)
        | T::LargeListView(_)
        | T::FixedSizeList(..) => ("ARRAY", None, None),
        T::Struct(_) => ("STRUCT", None, None),
        T::Map(..) => ("MAP", None, None),
        T::Union(..) => ("UNION", None, None),
        T::Dictionary(_, values) => return describe(values),
        T::RunEndEncoded(_, values) => return describe(values.data_type()),
        T::Null => ("NULL", None, None),
    };
    Described {
        name,
        precision,
        scale,
    }
}

/// The schema of the answer to GetXdbcTypeInfo.
pub(super) fn schema() -> Option<SchemaRef> {
    XdbcTypeInfoDataBuilder::new()
        .build()
        .ok()
        .map(|d| d.schema())
}

/// GetXdbcTypeInfo: all types, or those of a code.
pub(super) fn answer(data_type: Option<i32>) -> Result<RecordBatch, Status> {
    let data = all().map_err(|e| status::internal("listing types", e))?;
    data.record_batch(data_type)
        .map_err(|e| status::internal("listing types", e))
}

fn all() -> arrow_flight::error::Result<XdbcTypeInfoData> {
    use XdbcDataType as X;
    let mut builder = XdbcTypeInfoDataBuilder::new();
    for (name, code, size, kind) in [
        ("BIT", X::XdbcBit, 1, Kind::Exact),
        ("TINYINT", X::XdbcTinyint, 3, Kind::Exact),
        ("SMALLINT", X::XdbcSmallint, 5, Kind::Exact),
        ("INTEGER", X::XdbcInteger, 10, Kind::Exact),
        ("BIGINT", X::XdbcBigint, 19, Kind::Exact),
        ("NUMERIC", X::XdbcNumeric, 76, Kind::Decimal),
        ("DECIMAL", X::XdbcDecimal, 76, Kind::Decimal),
        ("REAL", X::XdbcReal, 7, Kind::Approximate),
        ("FLOAT", X::XdbcFloat, 15, Kind::Approximate),
        ("DOUBLE", X::XdbcDouble, 15, Kind::Approximate),
        ("CHAR", X::XdbcChar, 65_535, Kind::Text),
        ("VARCHAR", X::XdbcVarchar, 65_535, Kind::Text),
        ("LONGVARCHAR", X::XdbcLongvarchar, i32::MAX, Kind::Text),
        ("BINARY", X::XdbcBinary, 65_535, Kind::Bytes),
        ("VARBINARY", X::XdbcVarbinary, 65_535, Kind::Bytes),
        ("LONGVARBINARY", X::XdbcLongvarbinary, i32::MAX, Kind::Bytes),
        ("DATE", X::XdbcDate, 10, Kind::Time(X::XdbcDatetime, 1)),
        ("TIME", X::XdbcTime, 15, Kind::Time(X::XdbcDatetime, 2)),
        (
            "TIMESTAMP",
            X::XdbcTimestamp,
            32,
            Kind::Time(X::XdbcDatetime, 3),
        ),
    ] {
        builder.append(row(name, code, size, kind));
    }
    builder.build()
}

enum Kind {
    Exact,
    Decimal,
    Approximate,
    Text,
    Bytes,
    /// The verbose type and the subcode in it.
    Time(XdbcDataType, i32),
}

fn row(name: &str, code: XdbcDataType, size: i32, kind: Kind) -> XdbcTypeInfo {
    let quote = |prefix: &str, suffix: &str| (Some(prefix.to_owned()), Some(suffix.to_owned()));
    let (literal_prefix, literal_suffix) = match kind {
        Kind::Text | Kind::Time(..) => quote("'", "'"),
        Kind::Bytes => quote("X'", "'"),
        _ => (None, None),
    };
    let numeric = matches!(kind, Kind::Exact | Kind::Decimal | Kind::Approximate);
    let (minimum_scale, maximum_scale) = match kind {
        Kind::Exact => (Some(0), Some(0)),
        Kind::Decimal => (Some(0), Some(76)),
        Kind::Time(_, 2 | 3) => (Some(0), Some(9)),
        _ => (None, None),
    };
    let create_params = match kind {
        Kind::Decimal => Some(vec!["precision".to_owned(), "scale".to_owned()]),
        Kind::Text => Some(vec!["length".to_owned()]),
        _ => None,
    };
    let (sql_data_type, datetime_subcode) = match kind {
        Kind::Time(verbose, subcode) => (verbose, XdbcDatetimeSubcode::try_from(subcode).ok()),
        _ => (code, None),
    };
    XdbcTypeInfo {
        type_name: name.to_owned(),
        data_type: code,
        column_size: Some(size),
        literal_prefix,
        literal_suffix,
        create_params,
        nullable: Nullable::NullabilityNullable,
        case_sensitive: matches!(kind, Kind::Text),
        searchable: Searchable::Full,
        unsigned_attribute: numeric.then_some(false),
        fixed_prec_scale: false,
        auto_increment: numeric.then_some(false),
        local_type_name: Some(name.to_owned()),
        minimum_scale,
        maximum_scale,
        sql_data_type,
        datetime_subcode,
        num_prec_radix: numeric.then_some(10),
        interval_precision: None,
    }
}
