//! Plans everything that a SQL folder declares, without running it.

use std::collections::BTreeMap;
use std::path::Path;

use common::TableKind;
use datafusion::prelude::SessionContext;
use sql::{Configuration, Fault, view_faults};

use super::ledger_plan::LedgerPipelinePlan;
use super::plan::PipelinePlan;

/// Reads a folder and plans its pipelines and metrics with the functions of a session. Where some
/// of it is wrong, the rest is planned all the same: everything wrong is told at once.
pub fn check(
    folder: &Path,
    variables: &BTreeMap<String, String>,
    ctx: &SessionContext,
) -> Result<Configuration, Vec<Fault>> {
    let (configuration, mut faults) = Configuration::read(folder, variables);
    for pipeline in &configuration.pipelines {
        let is_ledger = configuration
            .table(&pipeline.sink)
            .is_some_and(|t| matches!(t.kind, TableKind::Ledger(_)));
        let planned = if is_ledger {
            LedgerPipelinePlan::compile(pipeline, &configuration, ctx).map(|_| ())
        } else {
            PipelinePlan::compile(pipeline, &configuration, ctx).map(|_| ())
        };
        faults.extend(planned.err().into_iter().flatten());
    }
    faults.extend(view_faults(&configuration, ctx));
    if faults.is_empty() {
        Ok(configuration)
    } else {
        Err(faults)
    }
}
