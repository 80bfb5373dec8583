//! What stages are fed with: micro-batches of the canonical workload, and its products.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use common::{TopicPartition, source_schema};
use dimensions::{DimensionSnapshot, Dimensions};
use generator::catalog::Catalog;
use generator::workload::{Record, Workload};
use kafka::{PartitionRange, SourceBatch};

use crate::figures::Outcome;

/// The topic that records say they are from.
pub const TOPIC: &str = "mobile-logs";

/// Makes micro-batches, one after the other.
pub struct Material {
    workload: Workload,
    next_offsets: BTreeMap<i32, i64>,
    now_ms: i64,
}

impl Material {
    /// Micro-batches of a workload whose clock starts now.
    pub fn new(workload: Workload) -> Self {
        Self {
            workload,
            next_offsets: BTreeMap::new(),
            now_ms: chrono::Utc::now().timestamp_millis(),
        }
    }

    /// The next micro-batch; its records are those of one millisecond in 32.
    pub fn batch(&mut self, records: usize) -> Outcome<SourceBatch> {
        let mut made: Vec<Record> = Vec::with_capacity(records);
        for n in 0..records {
            self.now_ms += i64::from(n % 32 == 0);
            made.push(self.workload.next(self.now_ms, usize::MAX));
        }
        // As a fetch brings them: partition after partition.
        made.sort_by_key(|record| record.partition);
        let mut ranges: BTreeMap<i32, PartitionRange> = BTreeMap::new();
        let mut offsets = Vec::with_capacity(records);
        for record in &made {
            let next = self.next_offsets.entry(record.partition).or_default();
            offsets.push(*next);
            let range = ranges
                .entry(record.partition)
                .or_insert_with(|| PartitionRange {
                    at: TopicPartition {
                        topic: TOPIC.into(),
                        incarnation: 0,
                        partition: record.partition,
                    },
                    first_offset: *next,
                    next_offset: *next,
                    records: 0,
                });
            *next += 1;
            range.next_offset = *next;
            range.records += 1;
        }
        let bytes = made.iter().map(Record::bytes).sum();
        Ok(SourceBatch {
            records: columns(&made, offsets)?,
            ranges: ranges.into_values().collect(),
            incarnation: 0,
            bytes,
        })
    }
}

fn columns(records: &[Record], offsets: Vec<i64>) -> Outcome<RecordBatch> {
    let schema = source_schema();
    let mut offsets = Some(offsets);
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "key" => Arc::new(BinaryArray::from_iter(
                    records.iter().map(|r| r.key.as_ref()),
                )),
                "value" => Arc::new(BinaryArray::from_iter(
                    records.iter().map(|r| r.value.as_ref()),
                )),
                "topic" => Arc::new(StringArray::from_iter_values(records.iter().map(|_| TOPIC))),
                "partition" => Arc::new(Int32Array::from_iter_values(
                    records.iter().map(|r| r.partition),
                )),
                "offset" => Arc::new(Int64Array::from(offsets.take().unwrap_or_default())),
                "received" => Arc::new(
                    TimestampMicrosecondArray::from_iter_values(
                        records.iter().map(|r| r.received_ms * 1000),
                    )
                    .with_timezone("UTC"),
                ),
                _ => new_null_array(field.data_type(), records.len()),
            }
        })
        .collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// The products dimension as the generator publishes it.
pub struct Products(RecordBatch);

impl Products {
    /// All applications of a catalog.
    pub fn new(catalog: &Catalog) -> Outcome<Self> {
        let applications = catalog.applications();
        let column = |value: &dyn Fn(usize) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(
                (0..applications.len()).map(value),
            ))
        };
        Ok(Self(RecordBatch::try_from_iter([
            ("app_key", column(&|i| applications[i].app_key.clone())),
            ("product", column(&|i| applications[i].product.to_string())),
            ("zone", column(&|i| applications[i].zone.to_owned())),
        ])?))
    }
}

impl Dimensions for Products {
    fn current(&self, _: &str) -> Option<DimensionSnapshot> {
        Some(DimensionSnapshot {
            version: 1,
            rows: self.0.clone(),
        })
    }
}
