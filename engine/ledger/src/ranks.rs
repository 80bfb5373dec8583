//! The ranks of many events at once, read from the columns of a record batch.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use common::{EngineError, OrderTerm, Result, position_type};

use super::columns::time_type;
use super::order::{Order, PositionRef, Rank};

/// The columns that an order compares by, for every row of a batch.
#[derive(Debug)]
pub struct Ranks {
    received: TimestampMicrosecondArray,
    event_time: Option<TimestampMicrosecondArray>,
    tie: Option<BinaryArray>,
    channel: Option<StringArray>,
    position: Positions,
}

#[derive(Debug)]
struct Positions {
    topic: StringArray,
    incarnation: Int32Array,
    partition: Int32Array,
    offset: Int64Array,
    element: Int32Array,
}

impl Ranks {
    /// Takes the columns that the order names from `rows`; `received` and `position` have the same
    /// length as `rows`.
    pub fn new(
        order: &Order,
        rows: &RecordBatch,
        received: &TimestampMicrosecondArray,
        position: &StructArray,
    ) -> Result<Self> {
        if received.len() != rows.num_rows() || position.len() != rows.num_rows() {
            return Err(EngineError::internal(format!(
                "{} ledger rows came with {} received times and {} positions",
                rows.num_rows(),
                received.len(),
                position.len()
            )));
        }
        if received.null_count() > 0 || position.null_count() > 0 {
            return Err(EngineError::internal(
                "a ledger row came without its received time or its position",
            ));
        }
        let wanted = |term: OrderTerm, data_type: DataType| {
            order
                .has(term)
                .then(|| column(rows, term.name(), &data_type))
                .transpose()
        };
        let event_time = wanted(OrderTerm::EventTime, time_type())?;
        let tie = wanted(OrderTerm::Tie, DataType::Binary)?;
        let channel = wanted(OrderTerm::Channel, DataType::Utf8)?;
        Ok(Self {
            received: received.clone(),
            event_time: event_time.map(|a| a.as_primitive::<TimestampMicrosecondType>().clone()),
            tie: tie.map(|a| a.as_binary::<i32>().clone()),
            channel: channel.map(|a| a.as_string::<i32>().clone()),
            position: Positions::new(position)?,
        })
    }

    /// The rank of a row.
    pub fn at(&self, row: usize) -> Rank<'_> {
        Rank {
            received: self.received.value(row),
            event_time: self
                .event_time
                .as_ref()
                .and_then(|a| a.is_valid(row).then(|| a.value(row))),
            tie: self
                .tie
                .as_ref()
                .and_then(|a| a.is_valid(row).then(|| a.value(row))),
            channel: self
                .channel
                .as_ref()
                .and_then(|a| a.is_valid(row).then(|| a.value(row))),
            position: self.position.at(row),
        }
    }
}

impl Positions {
    fn new(position: &StructArray) -> Result<Self> {
        let position = cast_to(
            &(std::sync::Arc::new(position.clone()) as ArrayRef),
            &position_type(),
        )?;
        let position = position.as_struct();
        Ok(Self {
            topic: position.column(0).as_string::<i32>().clone(),
            incarnation: position.column(1).as_primitive::<Int32Type>().clone(),
            partition: position.column(2).as_primitive::<Int32Type>().clone(),
            offset: position.column(3).as_primitive::<Int64Type>().clone(),
            element: position.column(4).as_primitive::<Int32Type>().clone(),
        })
    }

    fn at(&self, row: usize) -> PositionRef<'_> {
        PositionRef {
            topic: self.topic.value(row),
            incarnation: self.incarnation.value(row),
            partition: self.partition.value(row),
            offset: self.offset.value(row),
            element: self.element.value(row),
        }
    }
}

/// A column of a batch by name, in the type that is wanted.
pub(crate) fn column(rows: &RecordBatch, name: &str, data_type: &DataType) -> Result<ArrayRef> {
    let found = rows.column_by_name(name).ok_or_else(|| {
        EngineError::internal(format!("ledger rows came without their column {name}"))
    })?;
    cast_to(found, data_type).map_err(|e| e.context(format!("column {name} of a ledger")))
}

/// The array itself where it has the type already, else cast: readers may bring views or
/// dictionaries, and nested fields of another nullability.
pub(crate) fn cast_to(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if array.data_type() == data_type {
        return Ok(ArrayRef::clone(array));
    }
    Ok(cast(array, data_type)?)
}
