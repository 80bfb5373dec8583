//! Planning the SQL folder: the session that pipelines are planned in, and the check of a folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use udfs::keys::KeyRing;

use crate::error::{EngineError, Result};
use crate::sql::{Configuration, Fault};
use crate::state::session::session_config;

/// A session for planning pipelines: Headwater's functions, one partition, no tables.
pub fn planner(keys: &Arc<KeyRing>) -> Result<SessionContext> {
    let mut state = SessionStateBuilder::new()
        .with_config(session_config(1).with_create_default_catalog_and_schema(true))
        .with_default_features()
        .build();
    udfs::register_all(&mut state, keys)?;
    Ok(SessionContext::new_with_state(state))
}

/// Plans everything in a SQL folder without running it. The error has one message a fault, with
/// file, line and column, or the clause.
pub fn check(
    folder: &Path,
    variables: &BTreeMap<String, String>,
) -> Result<Configuration, Vec<String>> {
    let keys = KeyRing::new([]).map_err(|e| vec![e.to_string()])?;
    let planner = planner(&Arc::new(keys)).map_err(|e| vec![e.to_string()])?;
    crate::sql::check(folder, variables, &planner)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

/// All faults as one error.
pub fn error(faults: &[Fault]) -> EngineError {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    EngineError::invalid(lines.join("\n"))
}
