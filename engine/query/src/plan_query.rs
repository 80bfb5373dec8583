//! The making of a query's plan, which refuses what nothing could bound while it runs.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::{ScalarFunction, WindowFunction};
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan, WindowFrameBound};
use datafusion::physical_plan::ExecutionPlan;

/// Aggregates that give a list or a text of all rows: as window functions they keep one for each row.
const GATHERING: [&str; 2] = ["array_agg", "string_agg"];
/// Aggregates that look at all rows of a frame for each value: over frames that move, they take the
/// square of the rows, all in one step.
const SORTING: [&str; 6] = [
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "median",
    "percentile_cont",
    "quantile_cont",
];
/// Steps of a plan, those of a part of `WITH` as often as it is named.
const STEPS_MAX: usize = 10_000;
/// Expressions of a `CUBE`.
const CUBE_MAX: usize = 10;
/// Longest name of a type in `arrow_cast`.
const TYPE_NAME_BYTES_MAX: usize = 500;

tokio::task_local! {
    /// Set while a plan is made.
    static PLANNING: ();
}

/// Makes the plan of a query. Constant calls that give much are left for the run: what is worked out
/// here stays in the plan as a literal, and plans are copied and compared again and again.
///
/// # Errors
/// [`datafusion::common::DataFusionError::Plan`] for what is refused, which says what to write
/// instead; what planning gives.
pub async fn plan_query(
    session: &SessionState,
    query: &LogicalPlan,
) -> Result<Arc<dyn ExecutionPlan>> {
    check(query)?;
    let plan = planning::physical_plan(session, query);
    PLANNING.scope((), plan).await
}

/// Whether what runs is part of making a plan.
pub(super) fn is_planning() -> bool {
    PLANNING.try_with(|()| ()).is_ok()
}

/// Checks a plan, those of its subqueries included.
fn check(query: &LogicalPlan) -> Result<()> {
    let mut steps = 0;
    query.apply_with_subqueries(|node| {
        steps += 1;
        if steps > STEPS_MAX {
            return plan_err!(
                "the query has more than {STEPS_MAX} steps, once the parts of its WITH stand where \
                 they are named: ask in several queries"
            );
        }
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                match expr {
                    Expr::WindowFunction(call) => check_window(call)?,
                    Expr::ScalarFunction(call) => check_cast(call)?,
                    Expr::GroupingSet(GroupingSet::Cube(of)) if of.len() > CUBE_MAX => {
                        return plan_err!(
                            "CUBE of {0} expressions has 2^{0} groupings; up to {CUBE_MAX} \
                             expressions are taken: name the groupings in GROUPING SETS",
                            of.len()
                        );
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

fn check_window(call: &WindowFunction) -> Result<()> {
    let name = call.fun.name();
    if GATHERING.contains(&name) {
        return plan_err!(
            "{name}() OVER would keep all rows for each row: GROUP BY the keys, and join what comes"
        );
    }
    let frame = &call.params.window_frame;
    let is_whole = matches!(&frame.start_bound, WindowFrameBound::Preceding(n) if n.is_null())
        && matches!(&frame.end_bound, WindowFrameBound::Following(n) if n.is_null());
    if SORTING.contains(&name) && !is_whole {
        return plan_err!(
            "{name}() OVER takes whole partitions only, without ORDER BY and frame: over others it \
             would look at all rows for each row"
        );
    }
    Ok(())
}

/// `arrow_cast` makes types that no table has. Of a fixed size, a value may have gigabytes for nothing.
fn check_cast(call: &ScalarFunction) -> Result<()> {
    let is_cast = matches!(call.name(), "arrow_cast" | "arrow_try_cast");
    let Some(Expr::Literal(ScalarValue::Utf8(Some(of)), _)) = call.args.get(1) else {
        return Ok(());
    };
    if is_cast && (of.contains("FixedSize") || of.len() > TYPE_NAME_BYTES_MAX) {
        return plan_err!(
            "{}() to a type of fixed size, or one whose name is longer than {TYPE_NAME_BYTES_MAX} \
             bytes, is refused: cast to BYTEA or to a list",
            call.name()
        );
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn calls_that_nothing_could_bound_are_refused_before_they_run() {
        let ctx = SessionContext::new();
        let plan = async |call: &str| {
            let text = format!("SELECT {call} AS a FROM (VALUES (1, 'a'), (2, 'b')) t (x, y)");
            let query = planning::plan_text(&ctx.state(), &text).await.unwrap();
            plan_query(&ctx.state(), &query).await
        };
        for (call, told) in [
            ("array_agg(x) OVER ()", "would keep all rows for each row"),
            (
                "1 + length(string_agg(y, ',') OVER (ORDER BY x))",
                "GROUP BY",
            ),
            (
                "median(x) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
                "whole partitions only",
            ),
            (
                "(SELECT count(z) FROM (SELECT array_agg(1) OVER () AS z))",
                "would keep all rows",
            ),
            (
                "arrow_cast(NULL, 'FixedSizeBinary(2147483647)')",
                "is refused",
            ),
        ] {
            let error = plan(call).await.unwrap_err().to_string();
            assert!(error.contains(told), "{call}: {error}");
        }
        for call in [
            "sum(x) OVER (ORDER BY x)",
            "median(x) OVER (PARTITION BY y)",
            "row_number() OVER (ORDER BY x)",
            "arrow_cast(x, 'Int32')",
        ] {
            plan(call).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_plan_that_grows_with_the_powers_of_two_is_refused_before_it_is_made() {
        let ctx = SessionContext::new();
        let plan = async |text: &str| {
            let query = planning::plan_text(&ctx.state(), text).await?;
            plan_query(&ctx.state(), &query).await
        };
        let doubled = |times: usize| {
            let parts = (0..times).map(|n| {
                let before = format!("p{n}");
                format!(
                    "p{} AS (SELECT * FROM {before} UNION ALL SELECT * FROM {before})",
                    n + 1
                )
            });
            let parts: Vec<_> = parts.collect();
            format!(
                "WITH p0 AS (SELECT 1 AS a), {} SELECT count(*) FROM p{times}",
                parts.join(", ")
            )
        };
        let cube = |columns: usize| {
            let of: Vec<_> = (0..columns).map(|n| format!("a + {n}")).collect();
            format!(
                "SELECT count(*) FROM (VALUES (1)) t (a) GROUP BY CUBE({})",
                of.join(", ")
            )
        };
        for (text, told) in [
            (doubled(14), "more than 10000 steps"),
            (cube(11), "2^11 groupings"),
        ] {
            let error = plan(&text).await.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        plan(&doubled(4)).await.unwrap();
        plan(&cube(3)).await.unwrap();
    }
}
