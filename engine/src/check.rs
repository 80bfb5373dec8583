//! Planning the SQL folder: the session that pipelines are planned in, and the check of a folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::{EngineError, Result};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use query::session::session_config;
use sql::{Configuration, Fault};
use udfs::keys::KeyRing;

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
    pipelines::check(folder, variables, &planner)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

/// All faults as one error.
pub fn error(faults: &[Fault]) -> EngineError {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    EngineError::invalid(lines.join("\n"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use arrow::array::{Array, AsArray, RecordBatch};
    use arrow::datatypes::DataType;
    use arrow::util::display::array_value_to_string;

    use super::*;

    /// What an example that is no whole query can name.
    const FRAGMENTS_READ: &str = "FROM (SELECT
        from_json('{}', 'key_id STRING, payload STRING') AS envelope,
        from_json('{}', 'raw STRING, value STRUCT<time BIGINT, send_time BIGINT, event_id STRING>') AS l,
        TIMESTAMPTZ '2026-01-01T00:00:00Z' AS received) AS t";

    fn text(column: &dyn Array, row: usize) -> String {
        match column.data_type() {
            DataType::Binary => {
                String::from_utf8_lossy(column.as_binary::<i32>().value(row)).into_owned()
            }
            _ => array_value_to_string(column, row).unwrap(),
        }
    }

    /// The rows of an answer, each as its values with spaces between.
    fn lines(batches: &[RecordBatch]) -> Vec<String> {
        let rows = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        rows.map(|(batch, row)| {
            let values: Vec<String> = batch.columns().iter().map(|c| text(c, row)).collect();
            values.join(" ")
        })
        .collect()
    }

    #[test]
    fn every_documented_example_runs_and_gives_its_stated_result() {
        let keys = Arc::new(KeyRing::new([]).unwrap());
        let ctx = planner(&keys).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut results = 0;
        for function in udfs::all_functions(&keys) {
            let name = function.name();
            let Some(example) = function.documentation().and_then(|d| d.sql_example.clone()) else {
                continue;
            };
            let example = example.trim().trim_matches('`').trim_start_matches("sql\n");
            let (stated, sql): (Vec<&str>, Vec<&str>) =
                example.lines().partition(|line| line.starts_with("-- "));
            let is_query = example.starts_with("SELECT");
            let sql = if is_query {
                sql.join("\n")
            } else {
                format!("SELECT {} {FRAGMENTS_READ}", sql.join("\n"))
            };
            let answer = runtime.block_on(planning::query(&ctx, &sql));
            let answer = answer.unwrap_or_else(|e| panic!("{name}: {e}\n{sql}"));
            if is_query {
                let stated: Vec<&str> = stated.iter().filter_map(|s| s.get(3..)).collect();
                assert_eq!(lines(&answer), stated, "{name}");
                assert!(!stated.is_empty(), "{name} states no result");
                results += 1;
            }
        }
        assert!(results >= 6, "{results}");
    }
}
