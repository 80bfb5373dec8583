//! What the tests of pipelines share: plans, micro-batches, dimensions.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod conservation;
#[path = "../../../sql/src/tests/folders.rs"]
mod folders;
mod ledger_pipeline;
mod metrics;
mod pipeline_runs;
mod refusals;
mod shipped;
mod whole_folder;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use common::source_schema;
use dimensions::{DimensionSnapshot, Dimensions};
use folders::*;
use sql::{Configuration, Fault};

use super::{PipelineOutput, PipelinePlan, check};

const DIMENSION: (&str, &str) = (
    "dimensions/apps.sql",
    "CREATE EXTERNAL TABLE apps (app STRING, product STRING NOT NULL, PRIMARY KEY (app))
     STORED AS UPSERT_KAFKA LOCATION 'apps'",
);

/// 2026-01-01T00:00:00Z.
const RECEIVED_US: i64 = 1_767_225_600_000_000;

/// The start of a query that parses records such as `[{"a":"x","d":"1","n":2}]`.
const LOGS: &str = "WITH logs AS (SELECT received, unnest_outer(elements(from_json(value,
    'ARRAY<STRUCT<a STRING, d STRING, n BIGINT>>'))) AS l FROM raw) ";

/// The faults of a folder with one pipeline beside the usual files, each as its text below the
/// folder.
fn pipeline_faults(sql: &str) -> Vec<String> {
    faults(&[SOURCE, DIMENSION, TABLE, ("pipelines/p.sql", sql)])
}

/// A plan of one pipeline beside the usual files.
fn plan(sql: &str) -> PipelinePlan {
    let configuration = configuration(&[SOURCE, DIMENSION, TABLE, ("pipelines/p.sql", sql)]);
    let def = &configuration.pipelines[0];
    PipelinePlan::compile(def, &configuration, &session()).unwrap_or_else(|f| panic!("{f:?}"))
}

/// Records with these values, each a millisecond after the one before.
fn records(values: &[Option<&str>]) -> RecordBatch {
    let rows = values.len();
    let schema = source_schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "value" => Arc::new(
                    values
                        .iter()
                        .map(|v| v.map(str::as_bytes))
                        .collect::<BinaryArray>(),
                ),
                "topic" => Arc::new(StringArray::from(vec!["raw-logs"; rows])),
                "partition" => Arc::new(Int32Array::from(vec![0; rows])),
                "offset" => Arc::new(Int64Array::from_iter_values(0..rows as i64)),
                "received" => Arc::new(
                    TimestampMicrosecondArray::from_iter_values(
                        (0..rows as i64).map(|i| RECEIVED_US + i * 1_000),
                    )
                    .with_timezone("UTC"),
                ),
                _ => arrow::array::new_null_array(field.data_type(), rows),
            }
        })
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// One dimension of two string columns.
struct Fixed {
    version: u64,
    rows: RecordBatch,
}

impl Fixed {
    fn new(columns: [(&str, &[&str]); 2]) -> Self {
        let columns = columns.map(|(name, values)| {
            (
                name,
                Arc::new(StringArray::from(values.to_vec())) as ArrayRef,
            )
        });
        Self {
            version: 1,
            rows: RecordBatch::try_from_iter(columns).unwrap(),
        }
    }
}

impl Dimensions for Fixed {
    fn current(&self, _: &str) -> Option<DimensionSnapshot> {
        Some(DimensionSnapshot {
            version: self.version,
            rows: self.rows.clone(),
        })
    }
}

fn apps() -> Fixed {
    Fixed::new([("app", &["k1", "k2"]), ("product", &["browser", "reader"])])
}

fn run(plan: &PipelinePlan, input: &RecordBatch, dimensions: &dyn Dimensions) -> PipelineOutput {
    futures::executor::block_on(plan.run(input, dimensions)).unwrap()
}

/// A string column of the accepted rows, null as "-".
fn strings(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = batch.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|v| v.unwrap_or("-").to_owned()).collect()
}

/// Dead letters as (row, element, reason).
fn letters(output: &PipelineOutput) -> Vec<(u32, i32, String)> {
    let rejects = &output.rejects;
    (0..rejects.row.len())
        .map(|i| {
            let reason = rejects.reason.value(i).to_owned();
            (rejects.row.value(i), rejects.element.value(i), reason)
        })
        .collect()
}

/// The origins of accepted rows.
fn accepted(output: &PipelineOutput) -> Vec<(u32, i32)> {
    output
        .row
        .values()
        .iter()
        .copied()
        .zip(output.element.values().iter().copied())
        .collect()
}
