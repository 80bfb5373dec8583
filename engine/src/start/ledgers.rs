//! The ledgers' indexes: loaded from a snapshot, brought up to date from the ledger's entries.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::prelude::{col, lit};
use futures::StreamExt;
use parking_lot::Mutex;

use crate::error::{EngineError, Result};
use crate::flow::entry_reader::PublishedEntries;
use crate::flow::ledger_flow::LedgerFlow;
use crate::ledger::{CatchUp, Index, Ledger, index_definition, read_snapshot};
use crate::state::{Publisher, Sessions};
use crate::values::TableDef;

/// The number of a ledger's first entry, so that 0 says that there is none.
const FIRST_ENTRY: i64 = 1;

/// What opening the ledgers takes.
#[derive(Debug)]
pub struct LedgersConfig<'a> {
    /// Makes sessions for reading entries.
    pub sessions: &'a Arc<Sessions>,
    /// The state.
    pub publisher: &'a Arc<Publisher>,
    /// What posts.
    pub run: &'a Arc<str>,
    /// Bytes that an index may take.
    pub index_bytes_max: usize,
    /// The folder of index snapshots; None where storage isn't a local folder.
    pub cache: Option<PathBuf>,
}

/// All ledgers, shared by the sources' flows.
#[derive(Clone)]
pub struct Ledgers {
    /// Each ledger with its pipeline.
    pub flows: Arc<Mutex<Vec<LedgerFlow>>>,
    cache: Option<PathBuf>,
}

impl std::fmt::Debug for Ledgers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledgers").finish_non_exhaustive()
    }
}

impl Ledgers {
    /// Ledgers whose flows are ready.
    pub fn new(flows: Vec<LedgerFlow>, cache: Option<PathBuf>) -> Self {
        Self {
            flows: Arc::new(Mutex::new(flows)),
            cache,
        }
    }

    /// Writes a snapshot of each index, so that the next start reads only what came after it. A
    /// snapshot is a cache: a failure is logged.
    pub fn snapshot(&self, group: i64, last_entry_committed: i64) {
        let Some(cache) = &self.cache else { return };
        for flow in self.flows.lock().iter_mut() {
            flow.ledger.entries_committed(last_entry_committed);
            let path = cache.join(format!("{}.index", flow.name));
            let written = flow
                .ledger
                .freeze()
                .and_then(|frozen| frozen.write(&path, &group.to_string()));
            if let Err(e) = written {
                tracing::warn!(ledger = %flow.name, error = %e, "no index snapshot");
            }
        }
    }
}

/// A ledger whose index has all entries of the published state.
pub async fn open_ledger(table: &TableDef, config: &LedgersConfig<'_>) -> Result<Ledger> {
    let state = config.publisher.current();
    let definition = index_definition(table)?;
    let snapshot = match &config.cache {
        None => None,
        Some(cache) => {
            let path = cache.join(format!("{}.index", table.name));
            read_snapshot(&path, config.index_bytes_max, |header| {
                header.definition == definition
                    && header.next_entry <= state.last_entry + 1
                    && header.group.parse::<i64>().is_ok_and(|g| g <= state.group)
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
    let columns = catch_up.columns().into_iter().map(str::to_owned).collect::<Vec<_>>();
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

/// An error if the index disagrees with the last entry that the sequence of commit groups knows.
pub fn check_last_entry(ledger: &Ledger, table: &str, last_entry: i64) -> Result<()> {
    if ledger.next_entry() != last_entry + 1 {
        return Err(EngineError::data(format!(
            "ledger {table} ends with entry {}, but the last commit group with {last_entry}: its \
             files are not those that were committed, so restore the table",
            ledger.next_entry() - 1
        )));
    }
    Ok(())
}
