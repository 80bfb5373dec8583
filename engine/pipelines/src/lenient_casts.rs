//! A CAST in a pipeline gives null where it fails, as TRY_CAST does: one bad row never fails a batch.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast};

/// Rewrites the casts of a plan, those that the planner has put in included. It must come before
/// anything asks what may be null: a cast that fails is null although its argument isn't.
pub(super) fn null_where_casts_fail(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut rewritten = false;
    plan.transform_up(|node| {
        let schema = merge_schema(&node.inputs());
        let node = node.map_expressions(|e| null_where_a_cast_fails(e, &schema))?;
        rewritten |= node.transformed;
        // What is above a rewritten cast has learned from it what may be null.
        if rewritten {
            Ok(Transformed::yes(node.data.recompute_schema()?))
        } else {
            Ok(node)
        }
    })
    .map(|plan| plan.data)
}

/// Rewrites the casts of one expression over a schema.
pub(super) fn null_where_a_cast_fails(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_up(|e| match e {
        Expr::Cast(Cast { expr, field }) => {
            // A literal is cast once, while planning: one that can't be is a fault of the query.
            let is_literal = matches!(*expr, Expr::Literal(..));
            if is_literal || never_fails(&expr.get_type(schema)?, field.data_type()) {
                Ok(Transformed::no(Expr::Cast(Cast { expr, field })))
            } else {
                Ok(Transformed::yes(Expr::TryCast(TryCast { expr, field })))
            }
        }
        other => Ok(Transformed::no(other)),
    })
}

fn never_fails(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Null, Utf8, Utf8View};
    from == to
        || *from == Null
        || matches!(
            (from, to),
            (Int8 | Int16 | Int32, Int64 | Float64)
                | (Int8 | Int16, Int32)
                | (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
                | (Int8 | Int16 | Int32 | Int64 | Boolean, Utf8)
        )
}
