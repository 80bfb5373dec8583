//! The way from DataFusion's plan of a query to its stages; any other node is refused.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, DFSchema, NullHandling, TableReference};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr, Join, JoinType, LogicalPlan, Operator, TableScan, Unnest,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use parking_lot::Mutex;
use sql::relations::Relation;
use sql::{DimensionDef, Fault, SourceText};

use super::lenient_casts::null_where_a_cast_fails;
use super::lookup::Lookup;
use super::stages::{Stage, Stages};
use super::unnesting::{INDEX, Unnesting};

/// How a join is written.
pub(super) const LEFT_JOIN: &str = "write LEFT JOIN dimension d ON d.key = expression";

/// Makes the stages of an optimized plan; `reads` is what its query names, for places.
pub(super) fn stages(
    text: &SourceText,
    plan: &LogicalPlan,
    dimensions: &[&DimensionDef],
    reads: &[Relation],
    props: &ExecutionProps,
) -> Result<Stages, Fault> {
    let mut walk = Walk {
        text,
        dimensions,
        reads,
        props,
        stages: Vec::new(),
        input: None,
    };
    walk.node(plan)?;
    let input = walk
        .input
        .ok_or_else(|| text.fault_in("FROM", "a pipeline must read a table"))?;
    Ok(Stages {
        input,
        stages: walk.stages,
    })
}

struct Walk<'a> {
    text: &'a SourceText,
    dimensions: &'a [&'a DimensionDef],
    reads: &'a [Relation],
    props: &'a ExecutionProps,
    stages: Vec<Stage>,
    input: Option<SchemaRef>,
}

impl Walk<'_> {
    fn node(&mut self, plan: &LogicalPlan) -> Result<(), Fault> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.node(&alias.input),
            LogicalPlan::Projection(projection) => {
                self.node(&projection.input)?;
                let columns = projection
                    .expr
                    .iter()
                    .map(|e| self.physical(e, projection.input.schema(), "SELECT"))
                    .collect::<Result<_, _>>()?;
                self.stages.push(Stage::Project {
                    columns,
                    schema: nullable(&projection.schema),
                });
                Ok(())
            }
            LogicalPlan::Filter(filter) => {
                self.node(&filter.input)?;
                let predicate = self.physical(&filter.predicate, filter.input.schema(), "WHERE")?;
                self.stages.push(Stage::Filter(predicate));
                Ok(())
            }
            LogicalPlan::Unnest(unnest) => {
                self.node(&unnest.input)?;
                self.unnest(unnest)
            }
            LogicalPlan::Join(join) => {
                self.node(&join.left)?;
                self.lookup(join)
            }
            other => {
                let node = other.display().to_string();
                let node = node.split([':', ' ']).next().unwrap_or_default().to_owned();
                Err(self
                    .text
                    .fault_in(node, "is refused in a pipeline, which is row-local"))
            }
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Result<(), Fault> {
        let name = scan.table_name.table();
        if self.dimensions.iter().any(|d| &*d.name == name) {
            return Err(self
                .fault_at(Some(name), "FROM", format!("{name} is a dimension"))
                .help("read a source, and LEFT JOIN the dimension on its key"));
        }
        self.input = Some(nullable(&scan.projected_schema));
        Ok(())
    }

    fn unnest(&mut self, unnest: &Unnest) -> Result<(), Fault> {
        let is_numbered = |column: usize| match unnest.input.schema().field(column).data_type() {
            DataType::List(item) | DataType::LargeList(item) => match item.data_type() {
                DataType::Struct(fields) => fields.iter().any(|f| f.name() == INDEX),
                _ => false,
            },
            _ => false,
        };
        let column = match unnest.list_type_columns.as_slice() {
            [(column, list)]
                if list.depth == 1
                    && unnest.struct_type_columns.is_empty()
                    && unnest.options.null_handling == NullHandling::PreserveAndExpandEmpty
                    && is_numbered(*column) =>
            {
                *column
            }
            _ => {
                let message = "is refused in a pipeline, but for unnest_outer(elements(…)) of one \
                     list: plain unnest drops records";
                return Err(self.text.fault_in("unnest", message));
            }
        };
        self.stages.push(Stage::Unnest(Unnesting {
            column,
            made_of: unnest.dependency_indices.clone(),
            schema: nullable(&unnest.schema),
        }));
        Ok(())
    }

    fn lookup(&mut self, join: &Join) -> Result<(), Fault> {
        let refuse = |name, message: &str| {
            self.fault_at(name, "JOIN", message.to_owned())
                .help(LEFT_JOIN)
        };
        let joined = scanned_table(&join.right).and_then(|(name, alias)| {
            let mut dimensions = self.dimensions.iter();
            Some((dimensions.find(|d| &*d.name == name)?, alias))
        });
        let Some((dimension, alias)) = joined else {
            return Err(refuse(None, "joins something that is not a dimension"));
        };
        let name = &*dimension.name;
        if join.join_type != JoinType::Left {
            let message = "a join other than LEFT JOIN is refused in a pipeline";
            return Err(refuse(Some(name), message));
        }
        let left = join.left.schema();
        let key = Column::new(Some(alias), &dimension.key);
        let of_row = key_of_row(join, &key)
            .filter(|e| e.column_refs().iter().all(|c| left.has_column(c)))
            .ok_or_else(|| {
                let key = &dimension.key;
                let message = format!("must compare {name}'s key {key} and nothing else");
                refuse(Some(name), &message)
            })?;
        let of_row = self.physical(&of_row, left, "JOIN")?;
        self.stages.push(Stage::Lookup(Box::new(Lookup {
            dimension: name.to_owned(),
            key: dimension.key.clone(),
            of_row,
            schema: nullable(&join.schema),
            hashed: Mutex::new(None),
        })));
        Ok(())
    }

    /// A fault at the place where the query names a table, or else of a clause.
    fn fault_at(&self, table: Option<&str>, clause: &str, message: String) -> Fault {
        match self.reads.iter().find(|r| Some(r.name.as_str()) == table) {
            Some(read) => self.text.fault_on(&read.written, clause, message),
            None => self.text.fault_in(clause, message),
        }
    }

    fn physical(
        &self,
        expr: &Expr,
        schema: &DFSchema,
        clause: &str,
    ) -> Result<Arc<dyn PhysicalExpr>, Fault> {
        let context = PhysicalPlanningContext::default();
        null_where_a_cast_fails(expr.clone(), schema)
            .and_then(|e| create_physical_expr(&e.data, schema, self.props, &context))
            .map_err(|e| self.text.fault_from(&e, clause))
    }
}

/// A schema at run time: all nullable, since what plans know of nulls isn't needed there.
fn nullable(schema: &DFSchema) -> SchemaRef {
    let fields = schema.fields().iter();
    Arc::new(Schema::new(
        fields
            .map(|f| Field::new(f.name(), f.data_type().clone(), true))
            .collect::<Vec<_>>(),
    ))
}

/// The name of a joined table and the one that its columns have in the query.
fn scanned_table(plan: &LogicalPlan) -> Option<(&str, TableReference)> {
    match plan {
        LogicalPlan::TableScan(scan) => Some((scan.table_name.table(), scan.table_name.clone())),
        LogicalPlan::SubqueryAlias(alias) => {
            let (name, _) = scanned_table(&alias.input)?;
            Some((name, alias.alias.clone()))
        }
        _ => None,
    }
}

/// What the dimension's key is compared to, if that is all that the join says.
fn key_of_row(join: &Join, key: &Column) -> Option<Expr> {
    let on = join.on.iter().map(|(l, r)| (l.clone(), r.clone()));
    let mut pairs: Vec<(Expr, Expr)> = on.collect();
    if let Some(filter) = &join.filter {
        for part in split_conjunction(filter) {
            match part {
                Expr::BinaryExpr(BinaryExpr {
                    left,
                    op: Operator::Eq,
                    right,
                }) => pairs.push(((**left).clone(), (**right).clone())),
                _ => return None,
            }
        }
    }
    // Keys are compared as text: a cast to anything else would mean another comparison.
    let is_key = |e: &Expr| match e {
        Expr::Column(c) => c == key,
        Expr::Cast(Cast { expr, field }) => {
            let is_text = matches!(
                field.data_type(),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            );
            is_text && matches!(&**expr, Expr::Column(c) if c == key)
        }
        _ => false,
    };
    match pairs.as_slice() {
        [(left, right)] if is_key(right) => Some(left.clone()),
        [(left, right)] if is_key(left) => Some(right.clone()),
        _ => None,
    }
}
