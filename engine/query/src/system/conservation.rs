//! `system.conservation`: every record and element is accounted for, group by group.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use lake::commit::PartitionCount;
use state::Published;

/// The system views as SQL, by name; a later one may read an earlier one.
///
/// `records = opened` and `elements = events + dead_letters + filtered`, each counted where it
/// arises; a row where `balanced` is false is a bug or a fault. `commit_group` is null for what is not yet committed.
pub const VIEWS: &[(&str, &str)] = &[(
    "conservation",
    "SELECT commit_group, source, pipeline, topic, incarnation, \"partition\", records, opened, \
            elements, events, dead_letters, filtered, \
            records = opened AND elements = events + dead_letters + filtered AS balanced \
     FROM ( \
       SELECT commit_group, c['source'] AS source, c['pipeline'] AS pipeline, \
              c['topic'] AS topic, c['incarnation'] AS incarnation, c['partition'] AS \"partition\", \
              c['records'] AS records, c['opened'] AS opened, c['elements'] AS elements, \
              c['events'] AS events, c['dead_letters'] AS dead_letters, c['filtered'] AS filtered \
       FROM (SELECT commit_group, unnest(counts) AS c FROM commits) \
       UNION ALL \
       SELECT CAST(NULL AS BIGINT) AS commit_group, source, pipeline, topic, incarnation, \
              \"partition\", records, opened, elements, events, dead_letters, filtered \
       FROM uncommitted_counts)",
)];

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("pipeline", DataType::Utf8, false),
        Field::new("topic", DataType::Utf8, false),
        Field::new("incarnation", DataType::Int32, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("records", DataType::Int64, false),
        Field::new("opened", DataType::Int64, false),
        Field::new("elements", DataType::Int64, false),
        Field::new("events", DataType::Int64, false),
        Field::new("dead_letters", DataType::Int64, false),
        Field::new("filtered", DataType::Int64, false),
    ]))
}

pub(super) fn rows(state: &Published, schema: SchemaRef) -> Result<RecordBatch> {
    let counts: Vec<&PartitionCount> = state.counts.iter().flat_map(|c| &c.1).collect();
    let texts = |f: fn(&PartitionCount) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(counts.iter().map(|c| f(c))))
    };
    let small = |f: fn(&PartitionCount) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(counts.iter().map(|c| f(c))))
    };
    let numbers = |f: fn(&PartitionCount) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(counts.iter().map(|c| f(c))))
    };
    let columns = vec![
        texts(|c| &c.source),
        texts(|c| &c.pipeline),
        texts(|c| &c.at.topic),
        small(|c| c.at.incarnation),
        small(|c| c.at.partition),
        numbers(|c| c.records),
        numbers(|c| c.opened),
        numbers(|c| c.elements),
        numbers(|c| c.events),
        numbers(|c| c.dead_letters),
        numbers(|c| c.filtered),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}
