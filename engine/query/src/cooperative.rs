//! Joins that let others run, and that end when their query has to.
//!
//! DataFusion makes the leaves of a plan give way to other tasks now and then. A join can compute
//! for minutes from what it has read already, without asking a leaf. What it gives back is counted
//! against the task's budget here; what its filter throws away never comes back, so the filter
//! itself looks whether the query has to end.

use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{ColumnarValue, JoinType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, HashJoinExecBuilder, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use datafusion::prelude::SessionConfig;

use super::interrupt::Interrupt;

/// Wraps every join, so that each of its batches counts against the task's budget, and every
/// join's filter, so that it heeds the interrupt.
#[derive(Debug)]
pub(super) struct CooperativeJoins {
    interrupt: Arc<Interrupt>,
}

/// Gives the sessions of a builder an interrupt of their own, and joins that heed it.
pub fn interruptible(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    let interrupt = Arc::new(Interrupt::default());
    let rule = Arc::new(CooperativeJoins::new(Arc::clone(&interrupt)));
    interrupt.carry(builder.config().get_or_insert_with(SessionConfig::new));
    builder.with_physical_optimizer_rule(rule)
}

impl CooperativeJoins {
    pub(super) fn new(interrupt: Arc<Interrupt>) -> Self {
        Self { interrupt }
    }

    /// A join that looks at the interrupt for each batch of pairs; other nodes as they are.
    fn with_interrupt(&self, node: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(join) = node.downcast_ref::<HashJoinExec>() {
            let filter = self.filter(join.filter(), *join.join_type());
            return HashJoinExecBuilder::from(join)
                .with_filter(filter)
                .build_exec();
        }
        if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
            let filter = self.filter(join.filter(), *join.join_type());
            let join = NestedLoopJoinExecBuilder::from(join)
                .with_filter(filter)
                .build()?;
            return Ok(Arc::new(join));
        }
        Ok(node)
    }

    /// A join that gives back every pair needs no filter. One that only marks what has a partner
    /// is given one that holds for all pairs.
    fn filter(&self, filter: Option<&JoinFilter>, join_type: JoinType) -> Option<JoinFilter> {
        use JoinType as J;
        let (expression, columns, schema) = match (filter, join_type) {
            (Some(filter), _) => (
                Arc::clone(filter.expression()),
                filter.column_indices().to_vec(),
                Arc::clone(filter.schema()),
            ),
            (None, J::Inner | J::Left | J::Right | J::Full) => return None,
            (
                None,
                J::LeftSemi
                | J::RightSemi
                | J::LeftAnti
                | J::RightAnti
                | J::LeftMark
                | J::RightMark,
            ) => (lit(true), Vec::new(), Arc::new(Schema::empty())),
        };
        let filter = InterruptibleExpr {
            expression,
            interrupt: Arc::clone(&self.interrupt),
        };
        Some(JoinFilter::new(Arc::new(filter), columns, schema))
    }
}

impl PhysicalOptimizerRule for CooperativeJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if node.name().ends_with("JoinExec") {
                let join = self.with_interrupt(node)?;
                Ok(Transformed::yes(
                    Arc::new(CooperativeExec::new(join)) as Arc<dyn ExecutionPlan>
                ))
            } else {
                Ok(Transformed::no(node))
            }
        })
        .data()
    }

    fn name(&self) -> &str {
        "cooperative_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// An expression that fails once its query has to end, and is otherwise the one that it holds.
#[derive(Debug)]
struct InterruptibleExpr {
    expression: Arc<dyn PhysicalExpr>,
    interrupt: Arc<Interrupt>,
}

impl PartialEq for InterruptibleExpr {
    fn eq(&self, other: &Self) -> bool {
        self.expression.eq(&other.expression) && Arc::ptr_eq(&self.interrupt, &other.interrupt)
    }
}

impl Eq for InterruptibleExpr {}

impl Hash for InterruptibleExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
    }
}

impl Display for InterruptibleExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.expression, f)
    }
}

impl PhysicalExpr for InterruptibleExpr {
    fn data_type(&self, input_schema: &Schema) -> Result<DataType> {
        self.expression.data_type(input_schema)
    }

    fn nullable(&self, input_schema: &Schema) -> Result<bool> {
        self.expression.nullable(input_schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.interrupt.check()?;
        self.expression.evaluate(batch)
    }

    fn return_field(&self, input_schema: &Schema) -> Result<FieldRef> {
        self.expression.return_field(input_schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expression]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let [expression] = <[_; 1]>::try_from(children).map_err(|children| {
            DataFusionError::Internal(format!("one expression was expected: {children:?}"))
        })?;
        Ok(Arc::new(Self {
            expression,
            interrupt: Arc::clone(&self.interrupt),
        }))
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.expression.fmt_sql(f)
    }
}
