//! What `system.commits` is as a table: one row a group.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use common::{TableDef, TableKind};

/// The name under which the sequence itself is pinned and recovered.
pub const COMMITS: &str = "system.commits";

/// Its folder below the storage root.
pub const COMMITS_LOCATION: &str = "system/commits";

/// The columns of `system.commits`.
pub fn commits_schema() -> SchemaRef {
    let list = |name: &str, fields: Fields| {
        let item = Field::new("element", DataType::Struct(fields), false);
        Field::new(name, DataType::List(Arc::new(item)), false)
    };
    let long = |name: &str| Field::new(name, DataType::Int64, false);
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        long("commit_group"),
        long("epoch"),
        text("writer"),
        text("kind"),
        Field::new("committed_at", utc, false),
        long("applied_through"),
        list("tables", table_fields()),
        list("offsets", offset_fields()),
        list("counts", count_fields()),
        text("configuration_hash"),
        text("key_version"),
        list("last_entries", entry_fields()),
    ]))
}

/// The definition of `system.commits`.
pub fn commits_table() -> TableDef {
    TableDef {
        name: Arc::from(COMMITS),
        location: COMMITS_LOCATION.to_owned(),
        kind: TableKind::Commits,
        schema: commits_schema(),
        partition_by: Vec::new(),
        comment: Some("One row a commit group: what it holds and how far it has read".to_owned()),
    }
}

pub(super) fn table_fields() -> Fields {
    fields(&["table"], &[], &["version", "files", "rows"])
}

pub(super) fn offset_fields() -> Fields {
    let mut all = fields(&["pipeline", "topic"], &["incarnation", "partition"], &[]).to_vec();
    all.push(Arc::new(Field::new("topic_id", DataType::Utf8, true)));
    all.push(Arc::new(Field::new("next_offset", DataType::Int64, false)));
    Fields::from(all)
}

pub(super) fn entry_fields() -> Fields {
    fields(&["ledger"], &[], &["last_entry"])
}

pub(super) fn count_fields() -> Fields {
    fields(
        &["source", "pipeline", "topic"],
        &["incarnation", "partition"],
        &[
            "records",
            "opened",
            "elements",
            "events",
            "dead_letters",
            "filtered",
        ],
    )
}

fn fields(texts: &[&str], integers: &[&str], longs: &[&str]) -> Fields {
    let of = |names: &[&str], data_type: DataType| {
        names
            .iter()
            .map(|name| Field::new(*name, data_type.clone(), false))
            .collect::<Vec<_>>()
    };
    [
        of(texts, DataType::Utf8),
        of(integers, DataType::Int32),
        of(longs, DataType::Int64),
    ]
    .concat()
    .into()
}
