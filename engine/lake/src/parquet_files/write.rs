//! The writing of a table's rows as files in storage.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use common::clock::now_us;
use common::{DataFile, EngineError, Result, TableDef};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::PutPayload;
use object_store::path::Path;
use tokio::sync::Semaphore;

use super::encode::encode;
use super::naming::FileNaming;
use super::split::{RowAt, split};
use crate::storage::Storage;

/// How many files of a table are under way at the same time, most of them being put.
const FILES_AT_ONCE: usize = 8;

/// How large a file gets, and how much is encoded at the same time.
#[derive(Debug, Clone)]
pub struct WriteLimits {
    /// The most memory, as Arrow, that the rows of one file take.
    pub file_memory_bytes: usize,
    /// A permit for each file that may be encoded at the same time, over all writes that share it.
    pub encoders: Arc<Semaphore>,
}

impl WriteLimits {
    /// Files of the usual size, so many of which are encoded at the same time.
    pub fn encoding(files_at_once: usize) -> Self {
        Self {
            file_memory_bytes: 256 << 20,
            encoders: Arc::new(Semaphore::new(files_at_once)),
        }
    }

    /// Runs work on a thread for blocking work, once there is a permit.
    async fn encoder<T: Send + 'static>(
        &self,
        table: &TableDef,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let cut_off = "writing Parquet was cut off";
        let permit = self.encoders.acquire().await;
        let _permit = permit.map_err(|e| EngineError::internal(cut_off).caused_by(e))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| EngineError::internal(cut_off).caused_by(e))?
            .map_err(|e| e.context(format!("writing rows of table {}", table.name)))
    }
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self::encoding(1)
    }
}

/// Writes rows of a table's full schema, and returns the files once they are durable. Columns
/// are matched by name; partition columns are in the path and the log, not in the file.
///
/// While files are put, those behind them are encoded. Storage that is away is waited for. The
/// files are part of no table until a commit adds them.
///
/// # Errors
/// [`common::Kind::Internal`] for rows that lack a column of the table.
pub async fn write(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: &FileNaming,
    storage: &Storage,
) -> Result<Vec<DataFile>> {
    write_with(table, batches, naming, storage, &WriteLimits::default()).await
}

/// The same within limits of the caller's own.
///
/// # Errors
/// As [`write`].
pub async fn write_with(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: &FileNaming,
    storage: &Storage,
    limits: &WriteLimits,
) -> Result<Vec<DataFile>> {
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(Vec::new());
    }
    let (table_def, naming, batches) = (table.clone(), *naming, batches.to_vec());
    let file_memory_bytes = limits.file_memory_bytes;
    let split = move || parts(&table_def, &batches, naming, file_memory_bytes);
    let parts = limits.encoder(table, split).await?;
    let folder = Path::from(table.location.as_str());
    let files = parts.into_iter().map(|part| async {
        let (file, payload) = limits.encoder(table, move || part.encode()).await?;
        let path = Path::from(format!("{folder}/{}", file.path));
        storage.put_file(&path, payload).await;
        Ok(file)
    });
    stream::iter(files)
        .buffered(FILES_AT_ONCE)
        .try_collect()
        .await
}

/// What becomes one file.
struct Part {
    table: Arc<TableDef>,
    stored: Arc<Vec<RecordBatch>>,
    rows: Vec<RowAt>,
    path: String,
    values: BTreeMap<String, Option<String>>,
}

fn parts(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: FileNaming,
    file_memory_bytes: usize,
) -> Result<Vec<Part>> {
    let columns = batches
        .iter()
        .map(|batch| in_order(table, batch))
        .collect::<Result<Vec<_>>>()?;
    let mut stored = Vec::with_capacity(batches.len());
    for batch in &columns {
        stored.push(without_partition_columns(table, batch)?);
    }
    let rows_max = rows_max(&stored, file_memory_bytes);
    let (table, stored) = (Arc::new(table.clone()), Arc::new(stored));
    let mut parts = Vec::new();
    for file in split(&table, &columns)? {
        for rows in file.rows.chunks(rows_max) {
            parts.push(Part {
                table: table.clone(),
                stored: stored.clone(),
                rows: rows.to_vec(),
                path: naming.path(&table.partition_by, &file.values, parts.len()),
                values: file.values.clone(),
            });
        }
    }
    Ok(parts)
}

impl Part {
    fn encode(self) -> Result<(DataFile, PutPayload)> {
        let encoded = encode(&self.table, &self.stored, &self.rows)?;
        let file = DataFile {
            path: Arc::from(self.path),
            partition_values: self.values,
            size: encoded.bytes.len() as i64,
            rows: self.rows.len() as i64,
            modified_at_ms: now_us() / 1000,
            ranges: encoded.ranges,
        };
        Ok((file, encoded.bytes.into_payload()))
    }
}

/// The columns of the table in its order, with its types and nullability.
fn in_order(table: &TableDef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = table
        .schema
        .fields()
        .iter()
        .map(|field| {
            batch.column_by_name(field.name()).cloned().ok_or_else(|| {
                EngineError::internal(format!("the rows have no column {}", field.name()))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(table.schema.clone(), columns)?)
}

fn without_partition_columns(table: &TableDef, batch: &RecordBatch) -> Result<RecordBatch> {
    let kept: Vec<usize> = table
        .schema
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| !table.partition_by.contains(field.name()))
        .map(|(index, _)| index)
        .collect();
    Ok(batch.project(&kept)?)
}

/// How many rows of average size a file may have.
fn rows_max(batches: &[RecordBatch], file_memory_bytes: usize) -> usize {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
    let row_bytes = bytes.div_ceil(rows.max(1)).max(1);
    (file_memory_bytes / row_bytes).max(1)
}
