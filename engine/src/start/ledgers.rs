//! The ledgers' indexes: loaded from a snapshot, brought up to date from the ledger's entries.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::prelude::{col, lit};
use futures::StreamExt;

use crate::error::{EngineError, Result};
use crate::flow::entry_reader::PublishedEntries;
use crate::flow::ledger_flow::LedgerFlow;
use crate::flow::ledgers::{Ledgers, snapshot_path};
use crate::ledger::{CatchUp, Index, Ledger, index_definition, read_snapshot};
use crate::sql::{Configuration, LedgerPipelinePlan};
use crate::state::{Publisher, Sessions};
use crate::statement::query;
use crate::storage::Storage;
use crate::values::{TableDef, TableKind};

/// The number of a ledger's first entry, so that 0 says that there is none.
const FIRST_ENTRY: i64 = 1;

/// What opening the ledgers takes.
#[derive(Debug)]
pub struct LedgersConfig<'a> {
    /// Makes sessions for reading entries.
    pub sessions: &'a Arc<Sessions>,
    /// Where the files are.
    pub storage: &'a Storage,
    /// The state.
    pub publisher: &'a Arc<Publisher>,
    /// What posts.
    pub run: &'a Arc<str>,
    /// Bytes that an index may take.
    pub index_bytes_max: usize,
    /// The folder of index snapshots; None where storage isn't a local folder.
    pub cache: Option<PathBuf>,
    /// Who commits from here on.
    pub writer: Arc<str>,
}

/// Opens each ledger that a pipeline feeds.
pub async fn open_ledgers(
    configuration: &Configuration,
    keys: &Arc<udfs::keys::KeyRing>,
    config: &LedgersConfig<'_>,
) -> Result<Ledgers> {
    let planner = crate::planning::planner(keys)?;
    let mut flows: Vec<LedgerFlow> = Vec::new();
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
        flows.push(LedgerFlow {
            name: table.name.clone(),
            from: def.source.clone(),
            plan: LedgerPipelinePlan::compile(def, configuration, &planner)
                .map_err(|faults| crate::planning::error(&faults))?,
            ledger: open_ledger(table, config).await?,
            entries: PublishedEntries::new(
                config.storage.clone(),
                config.publisher.clone(),
                table.name.clone(),
            ),
            run: config.run.clone(),
        });
    }
    if let [only] = flows.as_slice() {
        let last_entry = config.publisher.current().last_entry;
        check_last_entry(&only.ledger, &only.name, last_entry)?;
    }
    Ok(Ledgers::new(
        flows,
        config.cache.clone(),
        config.writer.clone(),
    ))
}

/// A ledger whose index has all entries of the published state.
async fn open_ledger(table: &TableDef, config: &LedgersConfig<'_>) -> Result<Ledger> {
    let state = config.publisher.current();
    let definition = index_definition(table)?;
    let snapshot = match &config.cache {
        None => None,
        Some(cache) => {
            let path = snapshot_path(cache, &table.name);
            let groups = known_groups(config).await?;
            read_snapshot(&path, config.index_bytes_max, |header| {
                header.definition == definition && groups.contains(&header.group)
            })?
        }
    };
    let from_snapshot = snapshot.is_some();
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
    let mut entries = ctx
        .table(table.name.as_ref())
        .await?
        .filter(col("entry").gt_eq(lit(from_entry)))?
        .select_columns(&columns)?
        .execute_stream()
        .await?;
    while let Some(batch) = entries.next().await {
        catch_up.apply(&batch?)?;
    }
    let (index, next_entry) = catch_up.finish()?;
    tracing::info!(
        ledger = %table.name,
        keys = index.len(),
        next_entry,
        from_snapshot,
        "first-seen index loaded"
    );
    Ledger::new(table, index, next_entry)
}

/// Every commit group with its writer, as snapshots name them: a snapshot of another storage, or of
/// a group that isn't there any more, is not used.
async fn known_groups(config: &LedgersConfig<'_>) -> Result<HashSet<String>> {
    let ctx = config.sessions.session_at(config.publisher.current());
    let mut groups = HashSet::new();
    for batch in query(&ctx, "SELECT commit_group, writer FROM system.commits").await? {
        let group = batch.column(0).as_primitive::<Int64Type>();
        let writer = batch.column(1).as_string::<i32>();
        for row in 0..batch.num_rows() {
            groups.insert(format!("{} {}", group.value(row), writer.value(row)));
        }
    }
    Ok(groups)
}

/// An error if the index disagrees with the last entry that the sequence of commit groups knows.
fn check_last_entry(ledger: &Ledger, table: &str, last_entry: i64) -> Result<()> {
    if ledger.next_entry() != last_entry + 1 {
        return Err(EngineError::data(format!(
            "ledger {table} ends with entry {}, but the last commit group with {last_entry}: its \
             files are not those that were committed, so restore the table",
            ledger.next_entry() - 1
        )));
    }
    Ok(())
}
