//! The columns of a record as every Kafka source has them.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", headers_type(), true),
        Field::new("topic", DataType::Utf8, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("received", received_type(), false),
    ]))
});

/// The columns of every Kafka source.
///
/// `received` is the record's Kafka timestamp, within the years 1970 to 9999. A record without one
/// gets 1970-01-01T00:00:00Z: replaying it must give the same, so no clock may be asked. Brokers of
/// Kafka 0.10 and later always have one, unless a producer itself writes −1.
pub fn source_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// `ARRAY<STRUCT<key STRING, value BINARY>>`.
pub fn headers_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(
        DataType::Struct(header_fields()),
        true,
    )))
}

/// The members of a header.
pub fn header_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ])
}

fn received_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}
