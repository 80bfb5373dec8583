//! Plans and runs SQL: text, statements and plans come in, plans and rows come out.
//!
//! DataFusion's planners are compiled into every crate that polls their futures, which takes minutes.
//! So each future is boxed here, once, and all crates come here. Nothing here knows what is planned;
//! the crate should hardly ever change.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};
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

/// Optimizes a plan and makes it one that runs.
pub fn physical_plan<'a>(
    state: &'a SessionState,
    plan: &'a LogicalPlan,
) -> BoxFuture<'a, Result<Arc<dyn ExecutionPlan>>> {
    state.create_physical_plan(plan).boxed()
}

/// Plans a query, or does what a statement of DataFusion's own says.
pub fn frame<'a>(ctx: &'a SessionContext, sql: &'a str) -> BoxFuture<'a, Result<DataFrame>> {
    async move {
        let plan = plan_text(&ctx.state(), sql).await?;
        ctx.execute_logical_plan(plan).await
    }
    .boxed()
}

/// Runs a planned query and gives all its rows.
pub fn rows(frame: DataFrame) -> BoxFuture<'static, Result<Vec<RecordBatch>>> {
    frame.collect().boxed()
}

/// Runs a planned query and gives its rows as they come.
pub fn stream(frame: DataFrame) -> BoxFuture<'static, Result<SendableRecordBatchStream>> {
    frame.execute_stream().boxed()
}

/// Runs a query and gives all its rows: for queries of our own, whose results are small.
pub fn query<'a>(ctx: &'a SessionContext, sql: &'a str) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
    async move { rows(frame(ctx, sql).await?).await }.boxed()
}
