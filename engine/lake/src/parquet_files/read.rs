//! The reading of chosen rows of a data file: those whose number is wanted.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use bytes::Bytes;
use common::{EngineError, Result, TableDef};
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, RowFilter};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;

use crate::storage::Storage;

/// Bytes that are read from the end of a file at once: footers are mostly smaller.
const FOOTER_BYTES: usize = 32 << 10;

/// The rows of a file of `size` bytes, at a path below the table's folder, whose `column` (a whole number of 64 bits) is one of `wanted`, which ascend:
/// the stored columns, without those that the table is partitioned by. Row groups that can't have
/// one are not read; of the others, the other columns are decoded for the wanted rows only.
///
/// # Errors
/// [`common::Kind::Unavailable`] where storage doesn't answer; [`common::Kind::Data`] where the file
/// isn't there, or isn't what the log says.
pub async fn read_rows(
    table: &TableDef,
    path: &str,
    size: i64,
    column: &str,
    wanted: Arc<[i64]>,
    storage: &Storage,
) -> Result<Vec<RecordBatch>> {
    let path = Path::from(format!("{}/{path}", table.location));
    let read = read_path(&path, size, column, wanted, storage).await;
    read.map_err(|e| read_error(e, &path, storage.url()))
}

async fn read_path(
    path: &Path,
    size: i64,
    column: &str,
    wanted: Arc<[i64]>,
    storage: &Storage,
) -> Result<Vec<RecordBatch>, ParquetError> {
    let object = Object {
        store: storage.store().clone(),
        path: path.clone(),
        size: u64::try_from(size)?,
    };
    let builder = ParquetRecordBatchStreamBuilder::new(object).await?;
    let groups = row_groups(builder.metadata(), column, &wanted);
    let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
    let is_wanted = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
        let numbers = batch
            .columns()
            .first()
            .and_then(|numbers| numbers.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| ArrowError::SchemaError("no column of numbers".to_owned()))?;
        Ok(numbers
            .iter()
            .map(|n| Some(n.is_some_and(|n| wanted.binary_search(&n).is_ok())))
            .collect::<BooleanArray>())
    });
    builder
        .with_row_groups(groups)
        .with_row_filter(RowFilter::new(vec![Box::new(is_wanted)]))
        .build()?
        .try_collect()
        .await
}

/// The row groups that may have a wanted number, by their own least and greatest.
fn row_groups(metadata: &ParquetMetaData, column: &str, wanted: &[i64]) -> Vec<usize> {
    let columns = metadata.file_metadata().schema_descr().columns();
    let leaf = columns.iter().position(|c| c.path().string() == column);
    (0..metadata.num_row_groups())
        .filter(|group| {
            let statistics = leaf.and_then(|leaf| {
                let group = metadata.row_group(*group);
                group.column(leaf).statistics()
            });
            let Some(Statistics::Int64(numbers)) = statistics else {
                return true;
            };
            match (numbers.min_opt(), numbers.max_opt()) {
                (Some(min), Some(max)) => {
                    let from = wanted.partition_point(|n| n < min);
                    wanted.get(from).is_some_and(|n| n <= max)
                }
                _ => true,
            }
        })
        .collect()
}

/// Why a file that stands in a table's log could not be read from a place.
pub fn read_error(e: ParquetError, path: &Path, place: impl Display) -> EngineError {
    let cause = match &e {
        ParquetError::External(cause) => cause.downcast_ref::<object_store::Error>(),
        _ => None,
    };
    let error = match cause {
        Some(object_store::Error::NotFound { .. }) => EngineError::data(format!(
            "{path} belongs to a table, but is not in {place}: restore it from a backup"
        )),
        Some(_) => EngineError::unavailable(format!("cannot read {path} in {place}")),
        None => EngineError::data(format!(
            "{path} in {place} does not read as Parquet: restore it from a backup"
        )),
    };
    error.caused_by(e)
}

/// A file in the object store, as the Parquet reader asks for it.
struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncFileReader for Object {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.size;
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}
