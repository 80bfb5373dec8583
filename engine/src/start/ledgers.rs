//! The ledgers' indexes: loaded from a snapshot, brought up to date from the ledger's entries.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::{EngineError, Result, TableDef, TableKind};
use datafusion::prelude::{col, lit};
use futures::StreamExt;
use lake::commit::group_writer;
use lake::storage::Storage;
use ledger::{
    CatchUp, Index, Ledger, SnapshotHeader, index_definition, read_snapshot, read_snapshot_header,
};
use pipelines::LedgerPipelinePlan;
use query::Sessions;
use sql::Configuration;
use state::Publisher;

use crate::flow::entry_reader::PublishedEntries;
use crate::flow::ledger_flow::LedgerFlow;
use crate::flow::ledgers::{Ledgers, SnapshotGroup, snapshot_path};

/// The number of a ledger's first entry, so that 0 says that there is none.
const FIRST_ENTRY: i64 = 1;

/// What opening the ledgers takes.
#[derive(Debug)]
pub struct LedgersConfig<'a> {
    /// Makes sessions for reading entries.
    pub sessions: &'a Arc<Sessions>,
    /// Where the files and the sequence of commit groups are.
    pub storage: &'a Storage,
    /// The state.
    pub publisher: &'a Arc<Publisher>,
    /// What posts.
    pub run: &'a Arc<str>,
    /// Bytes that an index may take.
    pub index_bytes_max: usize,
    /// Who commits from here on.
    pub writer: Arc<str>,
}

/// Opens each ledger that a pipeline feeds.
pub async fn open_ledgers(
    configuration: &Configuration,
    keys: &Arc<udfs::keys::KeyRing>,
    config: &LedgersConfig<'_>,
) -> Result<Ledgers> {
    let planner = crate::check::planner(keys)?;
    let mut flows: Vec<LedgerFlow> = Vec::new();
    let mut snapshots = BTreeMap::new();
    for def in &configuration.pipelines {
        let Some(table) = configuration.table(&def.sink) else {
            continue;
        };
        if !matches!(table.kind, TableKind::Ledger(_)) {
            continue;
        }
        if flows.iter().any(|flow| flow.name == table.name) {
            return Err(EngineError::invalid(format!(
                "pipeline {}: ledger {} has another pipeline already; a ledger has one writer, so \
                 join their queries in one file",
                def.name, table.name
            )));
        }
        let (ledger, snapshot) = open_ledger(table, config)
            .await
            .map_err(|e| e.context(format!("ledger {}", table.name)))?;
        if let Some(next_entry) = snapshot {
            snapshots.insert(table.name.clone(), next_entry);
        }
        flows.push(LedgerFlow {
            name: table.name.clone(),
            from: def.source.clone(),
            plan: LedgerPipelinePlan::compile(def, configuration, &planner)
                .map_err(|faults| crate::check::error(&faults))?,
            ledger,
            entries: PublishedEntries::new(
                config.storage.clone(),
                config.publisher.clone(),
                table.name.clone(),
            ),
            run: config.run.clone(),
        });
    }
    Ok(Ledgers::new(
        flows,
        config.storage.clone(),
        config.writer.clone(),
        snapshots,
    ))
}

/// A ledger whose index has all entries of the published state, and the number after the last entry
/// of the snapshot that it was made from, if it was.
async fn open_ledger(
    table: &TableDef,
    config: &LedgersConfig<'_>,
) -> Result<(Ledger, Option<i64>)> {
    let state = config.publisher.current();
    let last_entry = state.last_entries.get(&table.name).copied().unwrap_or(0);
    let snapshot = match snapshot_path(config.storage, &table.name) {
        None => None,
        Some(path) => load_snapshot(table, &path, last_entry, config).await?,
    };
    let from_snapshot = snapshot.as_ref().map(|(_, header)| header.next_entry);
    let (index, from_entry) = match snapshot {
        Some((index, header)) => (index, header.next_entry),
        None => (Index::new(config.index_bytes_max), FIRST_ENTRY),
    };
    let mut catch_up = CatchUp::new(table, index, from_entry)?;
    let ctx = config.sessions.session_at(state);
    let columns = catch_up
        .columns()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let entries = ctx
        .table(table.name.as_ref())
        .await?
        .filter(col("entry").gt_eq(lit(from_entry)))?
        .select_columns(&columns)?;
    let mut entries = planning::stream(entries).await?;
    while let Some(batch) = entries.next().await {
        catch_up.apply(&batch?)?;
    }
    let (index, next_entry) = catch_up.finish()?;
    tracing::info!(
        ledger = %table.name,
        keys = index.len(),
        next_entry,
        from_snapshot = from_snapshot.is_some(),
        "first-seen index loaded"
    );
    check_last_entry(next_entry, last_entry)?;
    Ok((Ledger::new(table, index, next_entry)?, from_snapshot))
}

/// The ledger's snapshot, if there is one of this ledger and of this sequence of commit groups; why
/// one is not used is logged.
async fn load_snapshot(
    table: &TableDef,
    path: &Path,
    last_entry: i64,
    config: &LedgersConfig<'_>,
) -> Result<Option<(Index, SnapshotHeader)>> {
    let Some(header) = read_snapshot_header(path) else {
        return Ok(None);
    };
    if let Some(why) = unusable(table, &header, last_entry, config).await? {
        tracing::warn!(
            ledger = %table.name,
            snapshot = %path.display(),
            "index snapshot not used, since {why}; the index is made from the ledger"
        );
        return Ok(None);
    }
    read_snapshot(path, config.index_bytes_max, |found| *found == header)
}

/// Why a snapshot cannot be used, if so. A snapshot of another storage, or of a group that isn't in
/// the sequence any more, would hold keys that nobody was credited with.
async fn unusable(
    table: &TableDef,
    header: &SnapshotHeader,
    last_entry: i64,
    config: &LedgersConfig<'_>,
) -> Result<Option<String>> {
    if header.definition != index_definition(table)? {
        return Ok(Some("it is of another key or order".to_owned()));
    }
    let Some(of) = SnapshotGroup::parse(&header.group) else {
        return Ok(Some(format!("it names no commit group: {}", header.group)));
    };
    let found = group_writer(config.storage, of.group).await?;
    Ok(match found {
        None => Some(format!("commit group {} is not there", of.group)),
        Some(writer) if writer != of.writer => Some(format!(
            "commit group {} is of writer {writer}, not of its own, {}",
            of.group, of.writer
        )),
        Some(_) if header.next_entry > last_entry + 1 => Some(format!(
            "it has entries up to {}, the ledger only up to {last_entry}",
            header.next_entry - 1
        )),
        Some(_) => None,
    })
}

/// An error if a ledger's entries don't end where the sequence of commit groups says.
fn check_last_entry(next_entry: i64, last_entry: i64) -> Result<()> {
    if next_entry != last_entry + 1 {
        return Err(EngineError::data(format!(
            "its last entry is {}, but the last commit group says {last_entry}: its files are not \
             those that were committed, so restore the table",
            next_entry - 1
        )));
    }
    Ok(())
}
