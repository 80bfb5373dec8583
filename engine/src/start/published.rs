//! The state that a start begins with.

use std::sync::Arc;

use common::Result;
use common::clock::now_us;
use lake::commit::{Recovered, commits_table};
use sql::{Configuration, SourceDef};
use state::{FileIndex, Published, SourceProgress, TableState};

use super::offsets_at_start::offsets_at_start;

/// The state that the storage holds, before anything is read.
pub fn published_at_start(
    configuration: &Configuration,
    recovered: &Recovered,
) -> Result<Published> {
    let mut states = Vec::new();
    for def in configuration.tables.iter().chain([&commits_table()]) {
        let files = recovered
            .tables
            .get(&def.name)
            .map(|t| t.files.as_slice())
            .unwrap_or_default();
        states.push(TableState::new(def.clone(), FileIndex::new(def, files)?));
    }
    let offsets = Arc::new(offsets_at_start(&recovered.offsets, configuration));
    let now_us = now_us();
    let starting = |source: &SourceDef| {
        let progress = SourceProgress::waiting(&source.name, "starting", now_us);
        (source.name.clone(), Arc::new(progress))
    };
    Ok(Published {
        group: recovered.group,
        published_at_us: now_us,
        offsets: offsets.clone(),
        committed_offsets: offsets,
        incarnations: Arc::new(recovered.incarnations.clone()),
        last_entries: recovered.last_entries.clone(),
        dimension_versions: Arc::new(recovered.dimension_versions.clone()),
        progress: configuration.sources.iter().map(starting).collect(),
        ..Published::of_tables(states)
    })
}
