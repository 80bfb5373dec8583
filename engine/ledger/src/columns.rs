//! The columns that the engine adds to a ledger, behind the columns that its SQL declares.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use common::{position_fields, position_type};

/// When the record was received: the first half of the evidence's order.
pub const RECEIVED: &str = "received";
/// The UTC hour of the record's Kafka timestamp, whatever `received` says.
pub const ARRIVAL_HOUR: &str = "arrival_hour";
/// Where the evidence is.
pub const POSITION: &str = "position";
/// +1 takes the credit, −1 takes it back.
pub const SIGN: &str = "sign";
/// What the entry counts: its sign, or 0 for the legacy base.
pub const CREDIT: &str = "credit";
/// Who posted the entry: see [`EntryKind`](super::EntryKind).
pub const KIND: &str = "kind";
/// Why the entry was posted.
pub const REASON: &str = "reason";
/// The position of the evidence that moved a credit; null for a device's first entry.
pub const CAUSED_BY: &str = "caused_by";
/// The number of the entry that a −1 takes back.
pub const TAKES_BACK: &str = "takes_back";
/// When the entry was posted.
pub const POSTED_AT: &str = "posted_at";
/// The UTC day of `posted_at`.
pub const POSTED_DAY: &str = "posted_day";
/// The run that posted the entry.
pub const RUN: &str = "run";
/// The business day that an adjustment of a sealed day is booked in.
pub const BOOKED_DAY: &str = "booked_day";
/// The commit group that made the entry durable; null while it is in the tail.
pub const COMMIT_GROUP: &str = "commit_group";
/// The entry's number, dense and in the order of posting.
pub const ENTRY: &str = "entry";

/// The columns from `sign` on: an entry's own, which a −1 doesn't copy from the entry it takes
/// back.
pub const OWN: [&str; 12] = [
    SIGN,
    CREDIT,
    KIND,
    REASON,
    CAUSED_BY,
    TAKES_BACK,
    POSTED_AT,
    POSTED_DAY,
    RUN,
    BOOKED_DAY,
    COMMIT_GROUP,
    ENTRY,
];

/// The type of every stored time.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of `caused_by`: a position whose children can be null, since a null struct must have
/// null children, or field access would show what lies below.
pub fn caused_by_type() -> DataType {
    let children: Fields = position_fields()
        .iter()
        .map(|f| f.as_ref().clone().with_nullable(true))
        .collect();
    DataType::Struct(children)
}

/// The engine's columns of a ledger, in their order in the table.
pub fn engine_fields() -> Vec<Field> {
    vec![
        Field::new(RECEIVED, time_type(), false),
        Field::new(ARRIVAL_HOUR, time_type(), false),
        Field::new(POSITION, position_type(), false),
        Field::new(SIGN, DataType::Int32, false),
        Field::new(CREDIT, DataType::Int32, false),
        Field::new(KIND, DataType::Utf8, false),
        Field::new(REASON, DataType::Utf8, false),
        Field::new(CAUSED_BY, caused_by_type(), true),
        Field::new(TAKES_BACK, DataType::Int64, true),
        Field::new(POSTED_AT, time_type(), false),
        Field::new(POSTED_DAY, DataType::Date32, false),
        Field::new(RUN, DataType::Utf8, false),
        Field::new(BOOKED_DAY, DataType::Date32, true),
        Field::new(COMMIT_GROUP, DataType::Int64, true),
        Field::new(ENTRY, DataType::Int64, false),
    ]
}
