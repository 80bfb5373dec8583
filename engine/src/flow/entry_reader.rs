//! Reads ledger entries back by number, from files and tail alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use common::{EngineError, Result, TableDef};
use futures::{StreamExt, TryStreamExt, stream};
use lake::parquet_files::read_rows;
use lake::storage::Storage;
use ledger::EntryReader;
use ledger::columns::ENTRY;
use parking_lot::Mutex;
use state::file_index::IndexedFile;
use state::{FileIndex, Publisher, TableState};

use super::entry_files::EntryFiles;

/// How many files are read at the same time.
const READS_AT_ONCE: usize = 8;

/// Reads entries of one ledger as of the state published at the moment of reading. Its writer is
/// the only one who publishes entries, so all entries that it has posted are there.
///
/// No plan is made for it: entries are found by their numbers, which ascend in the tail, and of
/// which each file's log entry tells the least and greatest.
#[derive(Debug)]
pub struct PublishedEntries {
    storage: Storage,
    publisher: Arc<Publisher>,
    ledger: Arc<str>,
    files: Mutex<Option<Arc<EntryFiles>>>,
}

impl PublishedEntries {
    /// The entries of a ledger, by its table's name.
    pub fn new(storage: Storage, publisher: Arc<Publisher>, ledger: Arc<str>) -> Self {
        Self {
            storage,
            publisher,
            ledger,
            files: Mutex::new(None),
        }
    }

    fn files(&self, ledger: &TableDef, index: &Arc<FileIndex>) -> Arc<EntryFiles> {
        let mut known = self.files.lock();
        match known.as_ref().filter(|files| files.is_of(index)) {
            Some(files) => files.clone(),
            None => known
                .insert(Arc::new(EntryFiles::new(ledger, index)))
                .clone(),
        }
    }
}

#[async_trait]
impl EntryReader for PublishedEntries {
    async fn read(&self, entries: &[i64]) -> Result<RecordBatch> {
        let state = self.publisher.current();
        let table = state
            .table(&self.ledger)
            .ok_or_else(|| EngineError::internal(format!("ledger {} has no table", self.ledger)))?;
        let mut wanted = entries.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let (mut parts, committed) = from_tail(table, &wanted)?;
        let committed: Arc<[i64]> = committed.into();
        let files = self.files(&table.def, &table.files).holding(&committed);
        let reads = files.into_iter().map(|file| {
            let (def, wanted) = (table.def.clone(), committed.clone());
            let storage = self.storage.clone();
            async move { from_file(&def, &file, wanted, &storage).await }
        });
        let read: Vec<Vec<RecordBatch>> = stream::iter(reads)
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        parts.extend(read.into_iter().flatten());
        Ok(concat_batches(&table.def.schema, &parts)?)
    }
}

/// The wanted entries that the tail has, and the numbers of those that it hasn't. Numbers are dense
/// within a micro-batch, and ascend from one to the next.
fn from_tail(table: &TableState, wanted: &[i64]) -> Result<(Vec<RecordBatch>, Vec<i64>)> {
    let at = table.def.schema.index_of(ENTRY)?;
    let tails: Vec<(&RecordBatch, &[i64])> = table
        .tail
        .iter()
        .map(|tail| {
            let numbers = tail.rows.column(at).as_primitive::<Int64Type>();
            (&tail.rows, numbers.values().as_ref())
        })
        .filter(|(_, numbers)| !numbers.is_empty())
        .collect();
    let mut rows: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut rest = Vec::new();
    for number in wanted {
        let begun = tails.partition_point(|(_, numbers)| numbers[0] <= *number);
        let found = begun.checked_sub(1).and_then(|tail| {
            let row = tails[tail].1.binary_search(number).ok()?;
            Some((tail, u32::try_from(row).ok()?))
        });
        match found {
            Some((tail, row)) => rows.entry(tail).or_default().push(row),
            None => rest.push(*number),
        }
    }
    let parts = rows
        .into_iter()
        .map(|(tail, rows)| {
            let rows = UInt32Array::from(rows);
            Ok(take_record_batch(tails[tail].0, &rows)?)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((parts, rest))
}

async fn from_file(
    def: &TableDef,
    file: &IndexedFile,
    wanted: Arc<[i64]>,
    storage: &Storage,
) -> Result<Vec<RecordBatch>> {
    let stored = read_rows(def, &file.path, file.size, ENTRY, wanted, storage).await?;
    stored.iter().map(|rows| whole(def, file, rows)).collect()
}

/// Stored rows in the table's schema, with the columns that the table is partitioned by.
fn whole(def: &TableDef, file: &IndexedFile, stored: &RecordBatch) -> Result<RecordBatch> {
    let rows = stored.num_rows();
    let columns = def
        .schema
        .fields()
        .iter()
        .map(|field| {
            let name = field.name();
            if let Some(at) = def.partition_by.iter().position(|p| p == name) {
                return Ok(file.partition[at].to_array_of_size(rows)?);
            }
            match stored.column_by_name(name) {
                Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
                Some(column) => Ok(cast(column, field.data_type())?),
                None if field.is_nullable() => Ok(new_null_array(field.data_type(), rows)),
                None => Err(EngineError::data(format!(
                    "file {} of table {} has no column {name}: restore it",
                    file.path, def.name
                ))),
            }
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    Ok(RecordBatch::try_new(def.schema.clone(), columns)?)
}
