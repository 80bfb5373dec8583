//! The actions that make a new table.

use std::collections::BTreeMap;

use serde_json::json;

use super::actions::{ActionLine, MetaData, Protocol};
use super::schema;
use crate::error::Result;
use crate::values::{TableDef, TableKind};

/// The property that marks a table as Headwater's and tells the format of its files and log.
pub const FORMAT_PROPERTY: &str = "headwater.format";

/// The format that this version writes and reads.
pub const FORMAT: &str = "1";

/// The `protocol` and `metaData` of a table's version 0.
///
/// The log is never cleaned up by others (`delta.enableExpiredLogCleanup`): roll-forward needs
/// it. Rows of a ledger and of `system.commits` are never removed (`delta.appendOnly`, which
/// still lets files be rearranged).
pub fn new_table_actions(table: &TableDef, now_ms: i64) -> Result<[ActionLine; 2]> {
    let mut configuration = BTreeMap::from([
        (FORMAT_PROPERTY.to_owned(), FORMAT.to_owned()),
        (
            "delta.enableExpiredLogCleanup".to_owned(),
            "false".to_owned(),
        ),
    ]);
    if matches!(table.kind, TableKind::Ledger(_) | TableKind::Commits) {
        configuration.insert("delta.appendOnly".to_owned(), "true".to_owned());
    }
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
            configuration,
            created_time: Some(now_ms),
        }),
        ..ActionLine::default()
    };
    Ok([protocol, meta_data])
}
