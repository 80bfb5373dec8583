//! What is wrong with the metrics of a SQL folder.

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::column_type::unsupported;
use super::configuration::Configuration;
use super::fault::Fault;
use super::planning_session::PlanningSession;
use super::source_progress::{SOURCE_PROGRESS, source_progress_schema};
use super::view_def::ViewDef;

/// Plans each metric over tables without rows. A metric that reads a faulty one is passed over: its
/// fault would be the other's.
pub fn view_faults(configuration: &Configuration, ctx: &SessionContext) -> Vec<Fault> {
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
