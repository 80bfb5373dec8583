//! A small table that is made anew from the pinned state at each scan.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use state::Published;

use crate::Pinned;

type Rows = fn(&Published, SchemaRef) -> Result<RecordBatch>;

/// A table that is a function of the published state.
pub struct SnapshotTable {
    schema: SchemaRef,
    rows: Rows,
}

impl SnapshotTable {
    /// A table with its schema and its rows.
    pub fn provider(schema: SchemaRef, rows: Rows) -> Arc<dyn TableProvider> {
        Arc::new(Self { schema, rows })
    }
}

impl std::fmt::Debug for SnapshotTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotTable").finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let pinned = Pinned::of(session)?;
        let rows = (self.rows)(&pinned.state, self.schema.clone())?;
        let source =
            MemorySourceConfig::try_new(&[vec![rows]], self.schema.clone(), projection.cloned())?;
        Ok(DataSourceExec::from_data_source(source))
    }
}
