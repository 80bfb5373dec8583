//! The engine shown as tables: each a function from the published state to one record batch.

mod conservation;
mod dimensions;
mod engine;
mod positions;
mod snapshot_table;
mod sources;
mod tables;

use std::sync::Arc;

pub use conservation::VIEWS;
use datafusion::catalog::TableProvider;
use snapshot_table::SnapshotTable;

/// The tables of schema `system` that are made from the published state.
pub fn tables() -> Vec<(&'static str, Arc<dyn TableProvider>)> {
    vec![
        (
            "positions",
            SnapshotTable::provider(positions::schema(), positions::rows),
        ),
        (
            "sources",
            SnapshotTable::provider(sources::schema(), sources::rows),
        ),
        (
            "dimensions",
            SnapshotTable::provider(dimensions::schema(), dimensions::rows),
        ),
        (
            "tables",
            SnapshotTable::provider(tables::schema(), tables::rows),
        ),
        (
            "engine",
            SnapshotTable::provider(engine::schema(), engine::rows),
        ),
        (
            "uncommitted_counts",
            SnapshotTable::provider(conservation::schema(), conservation::rows),
        ),
    ]
}

/// `source_progress`, which stands in every schema that metrics are bound to.
pub fn source_progress() -> (&'static str, Arc<dyn TableProvider>) {
    (
        sql::SOURCE_PROGRESS,
        SnapshotTable::provider(sql::source_progress_schema(), sources::source_progress_rows),
    )
}
