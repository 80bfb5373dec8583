//! The actions that make a new table.

use common::{Result, TableDef};
use serde_json::json;

use super::actions::{ActionLine, MetaData, Protocol};
use super::{properties, schema};

/// The `protocol` and `metaData` of a table's version 0.
pub fn new_table_actions(table: &TableDef, now_ms: i64) -> Result<[ActionLine; 2]> {
    let protocol = ActionLine {
        protocol: Some(Protocol {
            min_reader_version: 1,
            min_writer_version: 2,
            reader_features: None,
            writer_features: None,
        }),
        ..ActionLine::default()
    };
    let meta_data = ActionLine {
        meta_data: Some(MetaData {
            id: uuid::Uuid::new_v4().to_string(),
            name: Some(table.name.to_string()),
            description: table.comment.clone(),
            format: json!({"provider": "parquet", "options": {}}),
            schema_string: schema::schema_json(table)?.to_string(),
            partition_columns: table.partition_by.clone(),
            configuration: properties::of_new(table),
            created_time: Some(now_ms),
        }),
        ..ActionLine::default()
    };
    Ok([protocol, meta_data])
}
