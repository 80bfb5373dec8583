//! A statement that has been planned once, to run many times.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{DataFusionError, ParamValues, ScalarValue};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, Statement as Node};
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::dialect::dialect_from_str;
use tonic::Status;

use super::gate::{self, Handling, SessionChange};
use super::parameters::{self, Parameter};
use super::{depth, placeholders};
use crate::status;

/// A planned statement. It holds no state of the tables: each run plans it physically in a session
/// of its own.
pub(crate) struct Statement {
    pub(crate) work: Work,
    pub(crate) parameters: Vec<Parameter>,
    /// The result's schema in the engine's types. Where a parameter's type isn't inferred, it can
    /// change with the value: see [`Statement::schema_of`].
    pub(crate) schema: SchemaRef,
}

/// What running a statement means.
pub(crate) enum Work {
    /// Rows are read.
    Query(Box<LogicalPlan>),
    /// The caller's session changes.
    Session(Vec<SessionChange>),
}

impl Statement {
    /// Plans a statement; no table is read.
    pub(crate) async fn plan(ctx: &SessionContext, sql: &str) -> Result<Self, Status> {
        let state = ctx.state();
        let parsed = parse(&state, sql)?;
        match gate::pass(parsed)? {
            Handling::Change(changes) => Ok(Self::session(changes)),
            Handling::PlanSet(parsed) => match plan(&state, *parsed).await? {
                LogicalPlan::Statement(Node::SetVariable(set)) => {
                    Ok(Self::session(vec![SessionChange::Set {
                        name: set.variable,
                        value: set.value,
                    }]))
                }
                _ => Err(gate::read_only("this SET")),
            },
            Handling::Plan(parsed) => Self::query(&state, plan(&state, *parsed).await?),
        }
    }

    fn session(changes: Vec<SessionChange>) -> Self {
        Self {
            work: Work::Session(changes),
            parameters: Vec::new(),
            schema: Arc::new(Schema::empty()),
        }
    }

    fn query(state: &SessionState, plan: LogicalPlan) -> Result<Self, Status> {
        // The gate knows statements by their first word; this looks at every node of the plan.
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(|e| gate::read_only(node_refused(e.find_root())))?;
        let parameters = parameters::of_plan(&plan)?;
        let schema = schema_of_plan(state, &plan, &parameters::nulls(&parameters));
        Ok(Self {
            work: Work::Query(Box::new(plan)),
            parameters,
            schema,
        })
    }

    /// The result's schema with these values for the parameters.
    pub(crate) fn schema_of(&self, state: &SessionState, row: &[ScalarValue]) -> SchemaRef {
        match &self.work {
            Work::Query(plan) if self.parameters.iter().any(|p| !p.inferred) => {
                schema_of_plan(state, plan, row)
            }
            _ => Arc::clone(&self.schema),
        }
    }
}

fn parse(state: &SessionState, sql: &str) -> Result<Parsed, Status> {
    let dialect = state.config_options().sql_parser.dialect;
    let parser = dialect_from_str(dialect)
        .ok_or_else(|| status::invalid(format!("there is no SQL dialect \"{dialect}\"")))?;
    depth::check(sql, parser.as_ref()).map_err(status::invalid)?;
    let sql = placeholders::number(sql, parser.as_ref()).map_err(status::invalid)?;
    state.sql_to_statement(&sql, &dialect).map_err(|e| {
        if matches!(e, DataFusionError::NotImplemented(_)) {
            status::invalid("send one statement at a time")
        } else {
            status::from_datafusion(&e)
        }
    })
}

async fn plan(state: &SessionState, parsed: Parsed) -> Result<LogicalPlan, Status> {
    planning::plan_statement(state, parsed)
        .await
        .map_err(|e| status::from_datafusion(&e))
}

/// The node of a plan that DataFusion's check refused, from its `DDL not supported: CreateView`.
fn node_refused(error: &DataFusionError) -> &str {
    match error {
        DataFusionError::Plan(message) => message.rsplit(": ").next().unwrap_or(message),
        _ => "this statement",
    }
}

/// The plan with its parameters' values in place.
pub(crate) fn bind(
    plan: &LogicalPlan,
    row: &[ScalarValue],
) -> Result<LogicalPlan, DataFusionError> {
    if row.is_empty() {
        return Ok(plan.clone());
    }
    plan.clone()
        .with_param_values(ParamValues::from(row.to_vec()))
}

/// The schema after type coercion, which is what runs. Where that fails for want of real values,
/// the schema as it was planned.
pub(crate) fn schema_of_plan(
    state: &SessionState,
    plan: &LogicalPlan,
    row: &[ScalarValue],
) -> SchemaRef {
    let analyzed = bind(plan, row).and_then(|bound| {
        state
            .analyzer()
            .execute_and_check(bound, state.config_options(), |_, _| {})
    });
    let schema = match &analyzed {
        Ok(analyzed) => analyzed.schema(),
        Err(_) => plan.schema(),
    };
    Arc::clone(schema.inner())
}
