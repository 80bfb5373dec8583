//! The one place that makes SQL sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{EngineError, Result, TableKind};
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::datasource::ViewTable;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStore;
use planning::plan_text;
use sql::Configuration;
use state::{Published, Publisher};

use super::cooperative::interruptible;
use super::pinned::Pinned;
use super::provider::{STORE_URL, StoredTable};
use super::public_schema::PublicSchema;
use super::{function_limits, system};

/// The catalog's name.
pub const CATALOG: &str = "headwater";
/// The schema with the best numbers known.
pub const PUBLIC: &str = "public";
/// The schema that shows the engine itself.
pub const SYSTEM: &str = "system";

/// What sessions may take.
#[derive(Debug, Clone)]
pub struct SessionsConfig {
    /// Partitions that a plan is spread over.
    pub threads: usize,
    /// Bytes that all sessions made here may take together.
    pub memory_bytes_max: usize,
    /// Bytes on disk that all of them together may take for what doesn't fit into memory.
    pub spill_bytes_max: u64,
}

/// Makes sessions over the published state.
pub struct Sessions {
    template: SessionState,
    publisher: Arc<Publisher>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

/// The settings that every session of Headwater shares.
///
/// Strings stay `Utf8` (what clients can read); spans are collected for error messages; dynamic
/// filters are off, since plans are run again.
pub fn session_config(threads: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(true)
        .with_default_catalog_and_schema(CATALOG, PUBLIC)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.collect_spans = true;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = true;
    options.execution.time_zone = Some("UTC".into());
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    config
}

/// A runtime with its own memory pool and its own room on disk, in which the storage root is known.
pub fn runtime_env(
    memory_bytes_max: usize,
    spill_bytes_max: u64,
    store: Option<Arc<dyn ObjectStore>>,
) -> Result<Arc<RuntimeEnv>> {
    let consumers = std::num::NonZeroUsize::MIN.saturating_add(4);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(
            FairSpillPool::new(memory_bytes_max),
            consumers,
        )))
        .with_max_temp_directory_size(spill_bytes_max)
        .build_arc()?;
    if let Some(store) = store {
        runtime.register_object_store(ObjectStoreUrl::parse(STORE_URL)?.as_ref(), store);
    }
    Ok(runtime)
}

impl Sessions {
    /// Plans the configuration's views over its tables and the system's.
    pub fn new(
        limits: &SessionsConfig,
        store: Arc<dyn ObjectStore>,
        keys: &Arc<udfs::keys::KeyRing>,
        configuration: &Configuration,
        publisher: Arc<Publisher>,
    ) -> Result<Self> {
        let runtime = runtime_env(limits.memory_bytes_max, limits.spill_bytes_max, Some(store))?;
        let mut template = SessionStateBuilder::new()
            .with_config(session_config(limits.threads))
            .with_runtime_env(runtime)
            .with_default_features()
            .build();
        udfs::register_all(&mut template, keys)?;
        function_limits::install(&mut template, limits.memory_bytes_max)?;
        let public = Arc::new(PublicSchema::new(configuration));
        let shown = Arc::new(MemorySchemaProvider::new());
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(PUBLIC, public.clone())?;
        catalog.register_schema(SYSTEM, shown.clone())?;
        template
            .catalog_list()
            .register_catalog(CATALOG.into(), Arc::new(catalog));
        let current = publisher.current();
        for table in current.tables.values() {
            let name = table.def.name.to_string();
            if table.def.kind == TableKind::Commits {
                let provider = StoredTable::new(table.def.clone(), BTreeSet::new());
                shown.register_table("commits".to_owned(), Arc::new(provider))?;
            } else {
                let sources = configuration.sources_of(&name);
                let provider = StoredTable::new(table.def.clone(), sources);
                public.register_table(name, Arc::new(provider))?;
            }
        }
        for (name, provider) in system::tables() {
            shown.register_table(name.to_owned(), provider)?;
        }
        let (name, provider) = system::source_progress();
        public.register_table(name.to_owned(), provider)?;
        let sessions = Self {
            template,
            publisher,
        };
        for (name, text) in system::VIEWS {
            sessions.add_view(&*shown, SYSTEM, name, text)?;
        }
        for view in &configuration.views {
            sessions.add_view(&*public, PUBLIC, &view.name, &view.sql)?;
        }
        Ok(sessions)
    }

    fn add_view(
        &self,
        schema: &dyn SchemaProvider,
        schema_name: &str,
        name: &str,
        text: &str,
    ) -> Result<()> {
        let ctx = self.context(self.publisher.current(), true, Some(schema_name));
        let state = ctx.state();
        let plan = futures::executor::block_on(plan_text(&state, text))
            .map_err(|e| EngineError::from(e).context(format!("view {name}")))?;
        let plan = match plan {
            datafusion::logical_expr::LogicalPlan::Ddl(
                datafusion::logical_expr::DdlStatement::CreateView(view),
            ) => Arc::unwrap_or_clone(view.input),
            plan => plan,
        };
        let view: Arc<dyn TableProvider> = Arc::new(ViewTable::new(plan, Some(text.to_owned())));
        schema.register_table(name.to_owned(), view)?;
        Ok(())
    }

    /// A session whose every scan reads the state published at this moment.
    pub fn session(&self, allow_catching_up: bool, schema: Option<&str>) -> SessionContext {
        self.context(self.publisher.current(), allow_catching_up, schema)
    }

    /// A session whose every scan reads one given state, caught up or not.
    pub fn session_at(&self, state: Arc<Published>) -> SessionContext {
        self.context(state, true, None)
    }

    fn context(
        &self,
        state: Arc<Published>,
        allow_catching_up: bool,
        schema: Option<&str>,
    ) -> SessionContext {
        let mut config = self.template.config().clone();
        config.set_extension(Arc::new(Pinned {
            state,
            allow_catching_up,
        }));
        if let Some(schema) = schema {
            config.options_mut().catalog.default_schema = schema.to_owned();
        }
        let session =
            SessionStateBuilder::new_from_existing(self.template.clone()).with_config(config);
        SessionContext::new_with_state(interruptible(session).build())
    }
}
