//! What only the syntax tree of a pipeline's query tells: places of clauses that are refused, and
//! functions that planning would evaluate or rewrite.
//!
//! Whatever is not row-local is refused once more in the plan, by [`super::row_local`], where a
//! clause has no place in the text.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::Volatility;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Join, ObjectName,
    Query, Select, SetExpr, Spanned, TableFactor, Visit, Visitor,
};
use sql::statement::simple_name;
use sql::{Fault, PipelineDef, SourceText};

use super::row_local::LEFT_JOIN;
use super::target::Target;

const ROW_LOCAL: &str = "a pipeline is row-local: projections, WHERE, unnest_outer(elements(…)) \
     and LEFT JOIN to a dimension";
/// A ledger's rows are chosen by their place in the micro-batch, and have no dead letters: what
/// makes several rows of one, or waits for another topic, belongs in front of its table.
const INTO_A_LEDGER: &str =
    "a ledger's pipeline takes rows as they are: do it in the pipeline that fills its table";
/// The functions of DataFusion that tell the time, which planning makes constants of.
const CLOCKS: [&str; 3] = ["now", "current_date", "current_time"];

/// Everything that is refused in the syntax tree of a pipeline's query.
pub(super) fn refused_clauses(
    def: &PipelineDef,
    state: &SessionState,
    target: Target,
) -> Vec<Fault> {
    let mut visitor = Refusals {
        text: &def.text,
        dimensions: &def.dimensions,
        state,
        target,
        faults: Vec::new(),
        unnests: 0,
    };
    let _ = def.query.visit(&mut visitor);
    visitor.faults
}

struct Refusals<'a> {
    text: &'a SourceText,
    dimensions: &'a [Arc<str>],
    state: &'a SessionState,
    target: Target,
    faults: Vec<Fault>,
    unnests: usize,
}

/// Why a function is refused, and what to write instead.
type Refusal = (&'static str, Cow<'static, str>);

impl Refusals<'_> {
    /// Refuses a clause, if the query has it.
    fn refuse(&mut self, node: Option<&impl Spanned>, clause: &str) {
        self.faults.extend(node.map(|node| {
            let message = format!("{clause} is refused in a pipeline");
            self.text.fault_on(node, clause, message).help(ROW_LOCAL)
        }));
    }

    fn select(&mut self, select: &Select) {
        let is_grouped =
            !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        self.refuse(select.distinct.as_ref().map(|_| select), "DISTINCT");
        self.refuse(is_grouped.then_some(&select.group_by), "GROUP BY");
        // Of these the planner would tell no more than their names.
        self.refuse(select.sort_by.first(), "SORT BY");
        self.refuse(select.top.as_ref().map(|_| select), "TOP");
        self.refuse(select.lateral_views.first(), "LATERAL VIEW");
        // The planner reads over this one: rows that it leaves out would come through.
        self.refuse(select.prewhere.as_ref(), "PREWHERE");
        for join in select.from.iter().flat_map(|from| &from.joins) {
            self.join(join);
        }
    }

    /// Of a dimension that is joined the plan knows the place, of anything else it doesn't.
    fn join(&mut self, join: &Join) {
        let (message, help) = match self.target {
            Target::Ledger => ("a join is refused in a ledger's pipeline", INTO_A_LEDGER),
            Target::Table if self.is_dimension(&join.relation) => return,
            Target::Table => ("joins something that is not a dimension", LEFT_JOIN),
        };
        let fault = self.text.fault_on(&join.relation, "JOIN", message);
        self.faults.push(fault.help(help));
    }

    fn is_dimension(&self, relation: &TableFactor) -> bool {
        let TableFactor::Table { name, .. } = relation else {
            return false;
        };
        simple_name(name).is_some_and(|name| self.dimensions.iter().any(|d| **d == *name))
    }

    fn function(&mut self, function: &Function) {
        let name = plain_name(&function.name);
        if let Some((why, help)) = self.refusal(function, &name) {
            let message = format!("{name}() {why}");
            let fault = self.text.fault_on(&function.name, &name, message);
            self.faults.push(fault.help(help));
        }
    }

    fn refusal(&mut self, function: &Function, name: &str) -> Option<Refusal> {
        let state = self.state;
        let scalar = state.scalar_functions().get(name);
        // A function may have several names.
        let name = scalar.map_or(name, |f| f.name());
        let is_windowed = function.over.is_some();
        // The value depends on when it is asked, not on the row alone. A function of the key ring
        // changes too, but that is its purpose: it isn't volatile, and not among DataFusion's.
        let changes = CLOCKS.contains(&name)
            || scalar.is_some_and(|f| f.signature().volatility == Volatility::Volatile);
        Some(match name {
            _ if !is_windowed && state.aggregate_functions().contains_key(name) => (
                "is an aggregate, which is refused in a pipeline",
                ROW_LOCAL.into(),
            ),
            _ if is_windowed || state.window_functions().contains_key(name) => (
                "is a window function, which is refused in a pipeline",
                ROW_LOCAL.into(),
            ),
            _ if changes => (
                "gives another value each time and is refused in a pipeline",
                "a record read again must give the same row: use received".into(),
            ),
            _ if udfs::REFUSED_IN_PIPELINES.contains(&name) => (
                "raises on a bad row and is refused in a pipeline",
                format!("write try_{name}").into(),
            ),
            "unnest" => (
                "is refused in a pipeline: it drops null and empty lists, and a record would vanish",
                "write unnest_outer(elements(…))".into(),
            ),
            "unnest_outer" => return self.refusal_of_unnest_outer(function),
            _ => return None,
        })
    }

    fn refusal_of_unnest_outer(&mut self, function: &Function) -> Option<Refusal> {
        self.unnests += 1;
        if self.target == Target::Ledger {
            Some((
                "is refused in a ledger's pipeline: it makes several rows of one",
                INTO_A_LEDGER.into(),
            ))
        } else if self.unnests > 1 {
            Some((
                "stands twice on one path",
                "an element has one index: unnest once".into(),
            ))
        } else if !is_call_of(only_argument(function), "elements") {
            Some((
                "takes elements(…) here",
                "write unnest_outer(elements(list)), which numbers the elements".into(),
            ))
        } else {
            None
        }
    }
}

impl Visitor for Refusals<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.refuse(query.order_by.as_ref(), "ORDER BY");
        self.refuse(query.limit_clause.as_ref(), "LIMIT");
        match &*query.body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::SetOperation { op, .. } => self.refuse(Some(&*query.body), &op.to_string()),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                self.refuse(Some(expr), "a subquery");
            }
            Expr::Function(function) => self.function(function),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn only_argument(function: &Function) -> Option<&Expr> {
    match &function.args {
        FunctionArguments::List(list) => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] => Some(expr),
            _ => None,
        },
        FunctionArguments::None | FunctionArguments::Subquery(_) => None,
    }
}

fn is_call_of(expr: Option<&Expr>, name: &str) -> bool {
    matches!(expr, Some(Expr::Function(f)) if plain_name(&f.name) == name)
}

/// The name of a function in lower case and without quotes, which change nothing for the names that
/// functions have.
fn plain_name(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part.as_ident() {
        Some(ident) => ident.value.to_lowercase(),
        None => part.to_string().to_lowercase(),
    });
    parts.collect::<Vec<_>>().join(".")
}
