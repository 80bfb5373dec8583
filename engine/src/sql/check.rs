//! Plans everything that a SQL folder declares, without running it.

use std::collections::BTreeMap;
use std::path::Path;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::column_type::unsupported;
use super::configuration::Configuration;
use super::fault::Fault;
use super::pipeline::{LedgerPipelinePlan, PipelinePlan};
use super::planning_session::PlanningSession;
use super::source_progress::{SOURCE_PROGRESS, source_progress_schema};
use super::view_def::ViewDef;
use crate::values::TableKind;

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

/// Plans each metric over tables without rows. A metric that reads a faulty one is passed over: its
/// fault would be the other's.
fn view_faults(configuration: &Configuration, ctx: &SessionContext) -> Vec<Fault> {
    let session = match view_session(configuration, ctx) {
        Ok(session) => session,
        Err(e) => return vec![Fault::of_file("metrics", e.strip_backtrace())],
    };
    let mut faults = Vec::new();
    let mut faulty: Vec<&str> = Vec::new();
    for view in &configuration.views {
        let reads_faulty = view.reads.iter().any(|r| faulty.contains(&r.as_str()));
        let planned = if reads_faulty {
            Err(Vec::new())
        } else {
            plan_view(view, &session)
        };
        match planned {
            Ok(plan) => {
                let schema = plan.schema().inner().clone();
                if let Err(e) = session.add(&view.name, schema) {
                    faults.push(view.text.fault_from(&e, "CREATE VIEW"));
                }
            }
            Err(wrong) => {
                faulty.push(&view.name);
                faults.extend(wrong);
            }
        }
    }
    faults
}

fn view_session(
    configuration: &Configuration,
    ctx: &SessionContext,
) -> datafusion::error::Result<PlanningSession> {
    let session = PlanningSession::new(&ctx.state())?;
    for table in &configuration.tables {
        session.add(&table.name, table.schema.clone())?;
    }
    session.add(SOURCE_PROGRESS, source_progress_schema())?;
    Ok(session)
}

fn plan_view(view: &ViewDef, session: &PlanningSession) -> Result<LogicalPlan, Vec<Fault>> {
    let text = &view.text;
    let from = |e| vec![text.fault_from(&e, "SELECT")];
    let state = session.state();
    let plan = session.plan(&view.query).map_err(from)?;
    let plan = state
        .analyzer()
        .execute_and_check(plan, state.config_options(), |_, _| {})
        .map_err(from)?;
    let mut faults = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for field in plan.schema().fields() {
        let name = field.name().as_str();
        if seen.contains(&name) {
            faults.push(text.fault_in("SELECT", format!("column {name} is given twice")));
        }
        seen.push(name);
        if let Some(why) = unsupported(field.data_type()) {
            let message = format!("column {name} ({}) {why}", field.data_type());
            faults.push(text.fault_in("SELECT", message));
        }
    }
    // Optimizing finds what only the finished plan shows, such as a subquery that can't be joined.
    if faults.is_empty() {
        state.optimize(&plan).map_err(from)?;
        Ok(plan)
    } else {
        Err(faults)
    }
}
