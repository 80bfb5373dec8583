//! Calls of a query that nothing could bound while it runs, refused before.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{ScalarFunction, WindowFunction};
use datafusion::logical_expr::{
    Expr, GroupingSet, LogicalPlan, WindowFrameBound, WindowFunctionDefinition,
};

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

/// Checks a query's plan, those of its subqueries included.
///
/// # Errors
/// [`DataFusionError::Plan`], which says what to write instead.
pub(super) fn check(query: &LogicalPlan) -> Result<()> {
    let mut steps = 0;
    query.apply_with_subqueries(|node| {
        steps += 1;
        if steps > STEPS_MAX {
            return Err(DataFusionError::Plan(format!(
                "the query has more than {STEPS_MAX} steps, once the parts of its WITH stand where \
                 they are named: ask in several queries"
            )));
        }
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                match expr {
                    Expr::WindowFunction(call) => check_window(call)?,
                    Expr::ScalarFunction(call) => check_cast(call)?,
                    Expr::GroupingSet(GroupingSet::Cube(of)) if of.len() > CUBE_MAX => {
                        return Err(DataFusionError::Plan(format!(
                            "CUBE of {0} expressions has 2^{0} groupings; up to {CUBE_MAX} \
                             expressions are taken: name the groupings in GROUPING SETS",
                            of.len()
                        )));
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
    let WindowFunctionDefinition::AggregateUDF(function) = &call.fun else {
        return Ok(());
    };
    let name = function.name();
    if GATHERING.contains(&name) {
        return Err(DataFusionError::Plan(format!(
            "{name}() OVER would keep all rows for each row: GROUP BY the keys, and join what comes"
        )));
    }
    let frame = &call.params.window_frame;
    let is_whole = matches!(&frame.start_bound, WindowFrameBound::Preceding(n) if n.is_null())
        && matches!(&frame.end_bound, WindowFrameBound::Following(n) if n.is_null());
    if SORTING.contains(&name) && !is_whole {
        return Err(DataFusionError::Plan(format!(
            "{name}() OVER takes whole partitions only, without ORDER BY and frame: over others it \
             would look at all rows for each row"
        )));
    }
    Ok(())
}

/// `arrow_cast` makes types that no table has. Of a fixed size, a value may have gigabytes for nothing.
fn check_cast(call: &ScalarFunction) -> Result<()> {
    if !matches!(call.name(), "arrow_cast" | "arrow_try_cast") {
        return Ok(());
    }
    let Some(Expr::Literal(ScalarValue::Utf8(Some(of)), _)) = call.args.get(1) else {
        return Ok(());
    };
    if of.contains("FixedSize") || of.len() > TYPE_NAME_BYTES_MAX {
        return Err(DataFusionError::Plan(format!(
            "{}() to a type of fixed size, or one whose name is longer than {TYPE_NAME_BYTES_MAX} \
             bytes, is refused: cast to BYTEA or to a list",
            call.name()
        )));
    }
    Ok(())
}
