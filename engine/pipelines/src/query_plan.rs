//! A pipeline's query from syntax tree to stages: planned, matched to its sink, optimized.

use std::sync::Arc;

use arrow::datatypes::Field;
use common::{TableDef, TableKind, source_schema};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::prelude::{SessionContext, ident};
use sql::relations::relations;
use sql::{Configuration, DimensionDef, ENGINE_COLUMNS, Fault, PipelineDef, PlanningSession};

use super::by_name::project_by_name;
use super::lenient_casts::null_where_casts_fail;
use super::refused_clauses::refused_clauses;
use super::row_local::stages;
use super::stages::Stages;
use super::target::Target;

/// A pipeline's query, planned but not yet compiled.
pub(super) struct QueryPlan<'a> {
    def: &'a PipelineDef,
    session: PlanningSession,
    dimensions: Vec<&'a DimensionDef>,
    logical: LogicalPlan,
}

impl<'a> QueryPlan<'a> {
    /// Plans a query that gives the declared columns of its sink, and of a table's maybe `reject`.
    pub(super) fn new(
        def: &'a PipelineDef,
        configuration: &'a Configuration,
        ctx: &SessionContext,
        declared: &[Field],
        target: Target,
    ) -> Result<Self, Vec<Fault>> {
        let text = &*def.text;
        let one = |fault: Fault| vec![fault];
        let from = |e| vec![text.fault_from(&e, "SELECT")];
        let session = PlanningSession::new(&ctx.state()).map_err(from)?;
        let refused = refused_clauses(def, session.state(), target);
        if !refused.is_empty() {
            return Err(refused);
        }
        let input = match configuration.table(&def.source) {
            Some(table) => table.schema.clone(),
            None => source_schema(),
        };
        session.add(&def.source, input).map_err(from)?;
        let mut dimensions = Vec::new();
        for name in &def.dimensions {
            let dimension = configuration
                .dimension(name)
                .ok_or_else(|| one(text.fault_in("JOIN", format!("no dimension {name}"))))?;
            session.add(name, dimension.schema.clone()).map_err(from)?;
            dimensions.push(dimension);
        }
        let logical = session.plan(&def.query).map_err(from)?;
        let takes_reject = target == Target::Table;
        let logical = project_by_name(text, logical, &def.sink, declared, takes_reject)?;
        let analyzer = session.state().analyzer();
        let logical = analyzer
            .execute_and_check(logical, session.state().config_options(), |_, _| {})
            .and_then(null_where_casts_fail)
            .map_err(from)?;
        Ok(Self {
            def,
            session,
            dimensions,
            logical,
        })
    }

    /// The names of the columns at the sink.
    pub(super) fn has_column(&self, name: &str) -> bool {
        self.logical.schema().has_column_with_unqualified_name(name)
    }

    /// The sink's columns that may be null.
    pub(super) fn nullable_columns(&self) -> Vec<&str> {
        let fields = self.logical.schema().fields().iter();
        fields
            .filter(|f| f.is_nullable())
            .map(|f| f.name().as_str())
            .collect()
    }

    /// Compiles the query, or, where `only` names columns, the part of it that these need.
    pub(super) fn compile(&self, only: Option<&[String]>) -> Result<Stages, Fault> {
        let text = &*self.def.text;
        let mut plan = self.logical.clone();
        if let Some(only) = only {
            plan = LogicalPlanBuilder::from(plan)
                .project(only.iter().map(|name| ident(name.as_str())))
                .and_then(LogicalPlanBuilder::build)
                .map_err(|e| text.fault_from(&e, "SELECT"))?;
        }
        let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(OptimizeProjections::new()),
            Arc::new(CommonSubexprEliminate::new()),
            Arc::new(OptimizeProjections::new()),
        ];
        let state = self.session.state();
        let plan = Optimizer::with_rules(rules)
            .optimize(plan, state, |_, _| {})
            .map_err(|e| text.fault_from(&e, "SELECT"))?;
        let reads = relations(text, &self.def.query).unwrap_or_default();
        let stages = stages(
            text,
            &plan,
            &self.dimensions,
            &reads,
            state.execution_props(),
        )?;
        sql::note_plan();
        Ok(stages)
    }
}

/// The columns of a stored table that its statement declares.
pub(super) fn declared_fields(table: &TableDef) -> Vec<Field> {
    let own: Vec<String> = match table.kind {
        TableKind::Ledger(_) => {
            let fields = ledger::engine_fields();
            fields.into_iter().map(|f| f.name().clone()).collect()
        }
        TableKind::Events | TableKind::DeadLetters | TableKind::Archive | TableKind::Commits => {
            ENGINE_COLUMNS.map(str::to_owned).into()
        }
    };
    let fields = table.schema.fields().iter();
    fields
        .filter(|f| !own.contains(f.name()))
        .map(|f| (**f).clone())
        .collect()
}
