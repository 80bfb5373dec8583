//! Where one element of one record is: the evidence that every row carries.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

/// A partition of one incarnation of a topic.
///
/// A topic that was deleted and made again has another topic id, hence another `incarnation`: a
/// small number that the engine gives out, 0 for the first id it sees of that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Which topic of that name.
    pub incarnation: i32,
    /// The partition's number.
    pub partition: i32,
}

/// A position: topic partition, offset, and the element's index where a record holds several
/// (−1: the record was rejected before its elements were known).
///
/// Positions compare by name, incarnation, partition, offset, element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// The topic partition.
    pub at: TopicPartition,
    /// The record's offset in it.
    pub offset: i64,
    /// The element's index in the record, from 0; −1 for the whole record.
    pub element: i32,
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at
            .cmp(&other.at)
            .then(self.offset.cmp(&other.offset))
            .then(self.element.cmp(&other.element))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The fields of the Arrow struct that a `position` column is made of.
pub fn position_fields() -> Fields {
    Fields::from(vec![
        Field::new("topic", DataType::Utf8, false),
        Field::new("incarnation", DataType::Int32, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("element", DataType::Int32, false),
    ])
}

/// The Arrow type of a `position` column.
pub fn position_type() -> DataType {
    DataType::Struct(position_fields())
}
