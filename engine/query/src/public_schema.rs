//! The schema `public`: tables and metrics, and what is said of names that are neither.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use sql::{ARCHIVE, Configuration};

/// A schema in which a source or a dimension is no table, but has an answer.
#[derive(Debug)]
pub(super) struct PublicSchema {
    tables: MemorySchemaProvider,
    /// Why the sources and dimensions can't be queried, by name.
    streams: BTreeMap<String, String>,
}

impl PublicSchema {
    /// A schema without tables.
    pub(super) fn new(configuration: &Configuration) -> Self {
        let sources = configuration.sources.iter().map(|source| {
            let pipelines = configuration.pipelines.iter();
            let written = pipelines.filter(|p| p.source == source.name);
            let tables: Vec<&str> = written.map(|p| &*p.sink).chain([ARCHIVE]).collect();
            let message = format!(
                "{} is a source, which cannot be queried: what was read of it is in {}",
                source.name,
                tables.join(", ")
            );
            (source.name.to_string(), message)
        });
        let dimensions = configuration.dimensions.iter().map(|dimension| {
            let message = format!(
                "{} is a dimension, which pipelines join, and cannot be queried: system.dimensions \
                 says how far it has been read",
                dimension.name
            );
            (dimension.name.to_string(), message)
        });
        Self {
            tables: MemorySchemaProvider::new(),
            streams: sources.chain(dimensions).collect(),
        }
    }
}

#[async_trait]
impl SchemaProvider for PublicSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.streams.get(name) {
            Some(why) => Err(DataFusionError::Plan(why.clone())),
            None => self.tables.table(name).await,
        }
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table_exist(name)
    }
}
