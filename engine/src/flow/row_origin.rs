//! Where and when each row comes from: the columns that the engine appends to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, UInt32Array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use common::{EngineError, Result, column, position_fields, typed};

const HOUR_US: i64 = 3_600_000_000;

/// A micro-batch's own columns, from which rows take theirs.
#[derive(Debug)]
pub struct RecordColumns {
    topic: Arc<str>,
    incarnation: i32,
    partition: Int32Array,
    offset: Int64Array,
    received: TimestampMicrosecondArray,
}

/// The engine's columns of some rows.
#[derive(Debug)]
pub struct EngineColumns {
    /// The record's Kafka timestamp.
    pub received: ArrayRef,
    /// The UTC hour of it.
    pub arrival_hour: ArrayRef,
    /// Where the row comes from.
    pub position: ArrayRef,
}

impl RecordColumns {
    /// The columns of a source's micro-batch.
    pub fn new(records: &RecordBatch, topic: Arc<str>, incarnation: i32) -> Result<Self> {
        Ok(Self {
            topic,
            incarnation,
            partition: column(records, "partition")?,
            offset: column(records, "offset")?,
            received: column(records, "received")?,
        })
    }

    /// The records' received times.
    pub fn received(&self) -> &TimestampMicrosecondArray {
        &self.received
    }

    /// The records' topic partitions' numbers.
    pub fn partition(&self) -> &Int32Array {
        &self.partition
    }

    /// The latest received time by topic partition; records without a time say nothing.
    pub fn received_max_us(&self) -> BTreeMap<i32, i64> {
        let mut latest = BTreeMap::new();
        let records = self.partition.values().iter().zip(self.received.values());
        for (partition, received_us) in records.filter(|(_, received_us)| **received_us > 0) {
            let at = latest.entry(*partition).or_insert(*received_us);
            *at = (*at).max(*received_us);
        }
        latest
    }

    /// The engine's columns of all records, whole (element −1).
    pub fn of_records(&self) -> Result<EngineColumns> {
        let elements = Int32Array::from_value(-1, self.offset.len());
        self.build(
            self.partition.clone(),
            self.offset.clone(),
            &self.received,
            elements,
        )
    }

    /// The engine's columns of rows that come from the given records and elements.
    pub fn of_elements(
        &self,
        records: &UInt32Array,
        elements: &Int32Array,
    ) -> Result<EngineColumns> {
        self.build(
            typed(&take(&self.partition, records, None)?)?,
            typed(&take(&self.offset, records, None)?)?,
            &typed(&take(&self.received, records, None)?)?,
            elements.clone(),
        )
    }

    fn build(
        &self,
        partition: Int32Array,
        offset: Int64Array,
        received: &TimestampMicrosecondArray,
        element: Int32Array,
    ) -> Result<EngineColumns> {
        let rows = offset.len();
        let arrival_hour: TimestampMicrosecondArray =
            received.unary(|us: i64| us.div_euclid(HOUR_US) * HOUR_US);
        let position = StructArray::try_new(
            position_fields(),
            vec![
                Arc::new(repeated(&self.topic, rows)?),
                Arc::new(Int32Array::from_value(self.incarnation, rows)),
                Arc::new(partition),
                Arc::new(offset),
                Arc::new(element),
            ],
            None,
        )?;
        Ok(EngineColumns {
            received: Arc::new(received.clone().with_timezone("UTC")),
            arrival_hour: Arc::new(arrival_hour.with_timezone("UTC")),
            position: Arc::new(position),
        })
    }
}

/// One text, so many times.
pub fn repeated(text: &str, rows: usize) -> Result<StringArray> {
    let length = i32::try_from(text.len())
        .ok()
        .filter(|l| (*l as usize).saturating_mul(rows) < i32::MAX as usize)
        .ok_or_else(|| EngineError::exhausted("a column of names is larger than 2 GiB"))?;
    let offsets: ScalarBuffer<i32> = (0..=rows as i32).map(|i| i * length).collect();
    Ok(StringArray::try_new(
        OffsetBuffer::new(offsets),
        text.repeat(rows).into_bytes().into(),
        None,
    )?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

    use super::*;

    #[test]
    fn rows_take_position_and_hour_from_their_record() {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            Field::new("partition", DataType::Int32, false),
            Field::new("offset", DataType::Int64, false),
            Field::new("received", utc, false),
        ]);
        let received = TimestampMicrosecondArray::from(vec![HOUR_US + 5, -1]).with_timezone("UTC");
        let records = RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(Int32Array::from(vec![3, 4])),
                Arc::new(Int64Array::from(vec![70, 80])),
                Arc::new(received),
            ],
        )
        .unwrap();
        let columns = RecordColumns::new(&records, "logs".into(), 2).unwrap();
        let rows = columns
            .of_elements(
                &UInt32Array::from(vec![1, 0, 0]),
                &Int32Array::from(vec![-1, 0, 1]),
            )
            .unwrap();
        let hours = rows
            .arrival_hour
            .as_any()
            .downcast_ref::<TimestampMicrosecondArray>();
        assert_eq!(
            hours.unwrap().values().as_ref(),
            &[-HOUR_US, HOUR_US, HOUR_US]
        );
        let position = rows
            .position
            .as_any()
            .downcast_ref::<StructArray>()
            .unwrap();
        let offset = position
            .column(3)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap();
        assert_eq!(offset.values().as_ref(), &[80, 70, 70]);
        let topic = position
            .column(0)
            .as_any()
            .downcast_ref::<StringArray>()
            .unwrap();
        assert_eq!(topic.iter().flatten().collect::<Vec<_>>(), ["logs"; 3]);
    }
}
