//! The writing of a table's rows as files in storage.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use bytes::Bytes;
use futures::{StreamExt, stream};
use object_store::path::Path;

use super::encode::encode;
use super::naming::FileNaming;
use super::ranges::ranges;
use super::sort::sort_rows;
use super::split::{RowAt, split};
use crate::error::{EngineError, Result};
use crate::storage::Storage;
use crate::values::{DataFile, TableDef};

/// How many files are put at the same time.
const PUTS_AT_ONCE: usize = 8;

/// How large a file gets.
#[derive(Debug, Clone, Copy)]
pub struct WriteLimits {
    /// The most memory, as Arrow, that the rows of one file take.
    pub file_memory_bytes: usize,
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self {
            file_memory_bytes: 256 << 20,
        }
    }
}

/// Writes rows of a table's full schema, and returns the files once they are durable. Columns
/// are matched by name; partition columns are in the path and the log, not in the file.
///
/// Storage that is away is waited for. The files are part of no table until a commit adds them.
///
/// # Errors
/// [`crate::Kind::Internal`] for rows that lack a column of the table.
pub async fn write(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: &FileNaming,
    storage: &Storage,
) -> Result<Vec<DataFile>> {
    write_with(table, batches, naming, storage, WriteLimits::default()).await
}

pub(super) async fn write_with(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: &FileNaming,
    storage: &Storage,
    limits: WriteLimits,
) -> Result<Vec<DataFile>> {
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(Vec::new());
    }
    let (table_def, naming, batches) = (table.clone(), *naming, batches.to_vec());
    let encoded =
        tokio::task::spawn_blocking(move || encode_all(&table_def, &batches, naming, limits))
            .await
            .map_err(|e| EngineError::internal("writing Parquet was cut off").caused_by(e))?
            .map_err(|e| e.context(format!("writing rows of table {}", table.name)))?;
    let folder = Path::from(table.location.as_str());
    let puts = encoded.into_iter().map(|(file, bytes)| {
        let path = Path::from(format!("{folder}/{}", file.path));
        async move {
            storage.put_file(&path, bytes).await;
            file
        }
    });
    Ok(stream::iter(puts).buffered(PUTS_AT_ONCE).collect().await)
}

fn encode_all(
    table: &TableDef,
    batches: &[RecordBatch],
    naming: FileNaming,
    limits: WriteLimits,
) -> Result<Vec<(DataFile, Bytes)>> {
    let columns = batches
        .iter()
        .map(|batch| in_order(table, batch))
        .collect::<Result<Vec<_>>>()?;
    let mut stored = Vec::with_capacity(batches.len());
    for batch in &columns {
        stored.push(without_partition_columns(table, batch)?);
    }
    let rows_max = rows_max(&stored, limits);
    let mut files = Vec::new();
    for mut file in split(table, &columns)? {
        sort_rows(&columns, &mut file.rows);
        for rows in file.rows.chunks(rows_max) {
            let path = naming.path(&table.partition_by, &file.values, files.len());
            files.push(encode_one(table, &stored, rows, path, &file.values)?);
        }
    }
    Ok(files)
}

fn encode_one(
    table: &TableDef,
    stored: &[RecordBatch],
    rows: &[RowAt],
    path: String,
    values: &BTreeMap<String, Option<String>>,
) -> Result<(DataFile, Bytes)> {
    let batches: Vec<_> = stored.iter().collect();
    let batch = interleave_record_batch(&batches, rows)?;
    let bytes = encode(table, &batch)?;
    let file = DataFile {
        path: Arc::from(path),
        partition_values: values.clone(),
        size: bytes.len() as i64,
        rows: rows.len() as i64,
        modified_at_ms: crate::clock::now_us() / 1_000,
        ranges: ranges(&batch)?,
    };
    Ok((file, bytes))
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
fn rows_max(batches: &[RecordBatch], limits: WriteLimits) -> usize {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
    let row_bytes = bytes.div_ceil(rows.max(1)).max(1);
    (limits.file_memory_bytes / row_bytes).max(1)
}
