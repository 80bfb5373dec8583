//! A stored table as DataFusion scans it: the committed files that may match, and the tail.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use common::TableDef;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use state::TableState;
use state::file_index::{FileStatistics, IndexedFile};

use super::pinned::Pinned;
use super::stored_files::StoredFiles;

/// The URL under which the storage root is registered with a session's runtime.
pub const STORE_URL: &str = "headwater://storage";
/// Levels of the filters that readers of files evaluate, those of all filters together.
const READERS_FILTER_DEPTH: usize = 24;

/// A stored table. It holds the table's name and schema only: what is scanned is the state that
/// the session pinned.
#[derive(Debug)]
pub struct StoredTable {
    def: Arc<TableDef>,
    /// The sources that its rows come from.
    sources: BTreeSet<Arc<str>>,
}

impl StoredTable {
    /// A table, which doesn't answer while one of these sources is still catching up.
    pub fn new(def: Arc<TableDef>, sources: BTreeSet<Arc<str>>) -> Self {
        Self { def, sources }
    }
}

#[async_trait]
impl TableProvider for StoredTable {
    fn schema(&self) -> SchemaRef {
        self.def.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let pinned = Pinned::of(session)?;
        pinned.check_caught_up(&self.sources)?;
        let table = pinned.state.table(&self.def.name).ok_or_else(|| {
            DataFusionError::Plan(format!("table {} is not there any more", self.def.name))
        })?;
        let mut parts = Vec::with_capacity(2);
        if let Some(files) = scan_files(session, table, projection, filters, limit)? {
            parts.push(files);
        }
        if !table.tail.is_empty() || parts.is_empty() {
            parts.push(scan_tail(table, projection)?);
        }
        match <[_; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) => UnionExec::try_new(parts),
        }
    }
}

fn scan_tail(
    table: &TableState,
    projection: Option<&Vec<usize>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let batches: Vec<_> = table.tail.iter().map(|t| t.rows.clone()).collect();
    let source =
        MemorySourceConfig::try_new(&[batches], table.def.schema.clone(), projection.cloned())?;
    Ok(DataSourceExec::from_data_source(source))
}

fn scan_files(
    session: &dyn Session,
    table: &TableState,
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let def = &table.def;
    let predicate = match conjunction(filters.to_vec()) {
        None => None,
        Some(filter) => {
            let schema = DFSchema::try_from(def.schema.clone())?;
            Some(session.create_physical_expr(filter, &schema)?)
        }
    };
    let files = prune(table, predicate.as_ref());
    if files.is_empty() {
        return Ok(None);
    }
    let (file_schema, partition_fields) = split_schema(def);
    let table_schema = TableSchema::builder(file_schema)
        .with_table_partition_cols(partition_fields)
        .build();
    let url = ObjectStoreUrl::parse(STORE_URL)?;
    let store = session.runtime_env().object_store(&url)?;
    let footers = session
        .runtime_env()
        .cache_manager
        .get_file_metadata_cache();
    let mut source = ParquetSource::new(table_schema.clone())
        .with_parquet_file_reader_factory(Arc::new(StoredFiles::new(store, footers)));
    if let Some(filter) = conjunction(asked_of_readers(filters)) {
        let schema = DFSchema::try_from(def.schema.clone())?;
        let reordered = datafusion::physical_expr::utils::reassign_expr_columns(
            session.create_physical_expr(filter, &schema)?,
            table_schema.table_schema(),
        )?;
        source = source.with_predicate(reordered);
    }
    let partitions = session.config().target_partitions().clamp(1, files.len());
    let mut groups = vec![Vec::new(); partitions];
    for (i, file) in files.iter().enumerate() {
        groups[i % partitions].push(partitioned_file(def, file));
    }
    let config = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
        .with_projection_indices(Some(file_projection(
            def,
            table_schema.table_schema(),
            projection,
        )?))?
        .with_limit(limit)
        .build();
    Ok(Some(DataSourceExec::from_data_source(config)))
}

/// The filters that each file's reader evaluates, so that it decodes fewer rows. A plan evaluates all
/// of them again above the scan; readers get few and shallow ones, since DataFusion prepares them
/// anew for every file, in time that grows with the square of how deep they are together.
fn asked_of_readers(filters: &[Expr]) -> Vec<Expr> {
    let mut depth_left = READERS_FILTER_DEPTH;
    let mut asked = Vec::new();
    for filter in filters {
        let depth = depth(filter);
        if depth <= depth_left {
            depth_left -= depth;
            asked.push(filter.clone());
        }
    }
    asked
}

fn depth(expr: &Expr) -> usize {
    let mut deepest = 0;
    // The walk is never broken off, and nothing in it fails.
    let _ = expr.apply_children(|child| {
        deepest = deepest.max(depth(child));
        Ok(TreeNodeRecursion::Continue)
    });
    deepest + 1
}

/// The files that may hold a row that the predicate accepts, by their own minimum and maximum.
fn prune(
    table: &TableState,
    predicate: Option<&Arc<dyn datafusion::physical_expr::PhysicalExpr>>,
) -> Vec<Arc<IndexedFile>> {
    let pruning = predicate.and_then(|p| {
        PruningPredicateBuilder::new()
            .with_file_schema(table.def.schema.clone())
            .build(p.clone())
    });
    let Some(pruning) = pruning else {
        return table.files.files().cloned().collect();
    };
    let mut kept = Vec::new();
    for files in table.files.chunks() {
        let statistics = FileStatistics::new(files, table.def.schema.clone());
        match pruning.prune(&statistics) {
            Ok(keep) => {
                let of_chunk = files.iter().zip(keep).filter(|(_, keep)| *keep);
                kept.extend(of_chunk.map(|(file, _)| file.clone()));
            }
            Err(_) => kept.extend_from_slice(files),
        }
    }
    kept
}

/// Parquet files don't store partition columns: the file's schema, and the partition fields.
fn split_schema(def: &TableDef) -> (SchemaRef, Vec<FieldRef>) {
    let stored: Vec<FieldRef> = def
        .schema
        .fields()
        .iter()
        .filter(|f| !def.partition_by.contains(f.name()))
        .cloned()
        .collect();
    let partition = def
        .partition_by
        .iter()
        .filter_map(|name| def.schema.field_with_name(name).ok())
        .map(|f| {
            Arc::new(Field::new(
                f.name(),
                DataType::clone(f.data_type()),
                f.is_nullable(),
            ))
        })
        .collect();
    (Arc::new(Schema::new(stored)), partition)
}

/// The projection over the file's columns followed by the partition columns, so that the scan
/// gives the table's columns in the table's order.
fn file_projection(
    def: &TableDef,
    scanned: &SchemaRef,
    projection: Option<&Vec<usize>>,
) -> Result<Vec<usize>> {
    let all: Vec<usize> = (0..def.schema.fields().len()).collect();
    projection
        .unwrap_or(&all)
        .iter()
        .map(|i| Ok(scanned.index_of(def.schema.field(*i).name())?))
        .collect()
}

fn partitioned_file(def: &TableDef, file: &IndexedFile) -> PartitionedFile {
    let path = format!("{}/{}", def.location, file.path);
    let mut partitioned = PartitionedFile::new(path, u64::try_from(file.size).unwrap_or(0));
    partitioned.partition_values = file.partition.to_vec();
    partitioned
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn readers_are_asked_what_is_shallow() {
        let long = (0..200).fold(lit(false), |or, n| or.or(col("device").eq(lit(n))));
        let mut filters = vec![long];
        filters.extend((0..200).map(|n| col("device").not_eq(lit(n))));
        let list = (0..5_000).map(lit).collect();
        filters.insert(0, col("device").in_list(list, false));
        let asked = asked_of_readers(&filters);
        assert_eq!(asked[0], filters[0]);
        assert_eq!(asked[1..], filters[2..13]);
    }
}
