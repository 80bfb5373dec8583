//! The session that the folder's own queries are planned in: its tables have names and types, no rows.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::Result;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, Statement as SqlStatement};

const CATALOG: &str = "headwater";
const SCHEMA: &str = "public";

/// A session with the functions of another one and with tables of its own.
#[derive(Debug)]
pub struct PlanningSession {
    state: SessionState,
    tables: Arc<MemorySchemaProvider>,
}

impl PlanningSession {
    /// A session without tables.
    pub fn new(functions: &SessionState) -> Result<Self> {
        let tables = Arc::new(MemorySchemaProvider::new());
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(SCHEMA, tables.clone())?;
        let catalogs = MemoryCatalogProviderList::new();
        datafusion::catalog::CatalogProviderList::register_catalog(
            &catalogs,
            CATALOG.into(),
            Arc::new(catalog),
        );
        let mut config = functions
            .config()
            .clone()
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        let state = SessionStateBuilder::new_from_existing(functions.clone())
            .with_config(config)
            .with_catalog_list(Arc::new(catalogs))
            .build();
        Ok(Self { state, tables })
    }

    /// Adds a table that has columns, but no rows.
    pub fn add(&self, name: &str, schema: SchemaRef) -> Result<()> {
        let table = Arc::new(EmptyTable::new(schema));
        self.tables.register_table(name.to_owned(), table)?;
        Ok(())
    }

    /// The session's functions and settings.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// Plans a query as it is written.
    pub fn plan(&self, query: &Query) -> Result<LogicalPlan> {
        let statement = SqlStatement::Query(Box::new(query.clone()));
        let statement = Statement::Statement(Box::new(statement));
        futures::executor::block_on(planning::plan_statement(&self.state, statement))
    }
}
