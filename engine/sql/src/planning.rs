//! The calls of DataFusion's SQL planner, for a session of any kind.
//!
//! The planner is compiled into every crate that polls it, which takes minutes: so all crates of
//! Headwater come here.

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Plans a parsed statement.
pub fn plan_statement(
    state: &SessionState,
    statement: Statement,
) -> BoxFuture<'_, Result<LogicalPlan>> {
    state.statement_to_plan(statement).boxed()
}

/// Plans one statement of SQL text.
pub fn plan_text<'a>(state: &'a SessionState, sql: &'a str) -> BoxFuture<'a, Result<LogicalPlan>> {
    async move {
        let dialect = state.config_options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        plan_statement(state, statement).await
    }
    .boxed()
}

/// Runs a query and gives all its rows: for queries of our own, whose results are small.
pub fn query<'a>(ctx: &'a SessionContext, sql: &'a str) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
    async move {
        let plan = plan_text(&ctx.state(), sql).await?;
        ctx.execute_logical_plan(plan).await?.collect().await
    }
    .boxed()
}
