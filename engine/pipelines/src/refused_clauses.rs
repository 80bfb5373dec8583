//! Clauses that a pipeline can't have, found in the syntax tree, where places are known.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::Volatility;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Join,
    JoinOperator, ObjectName, Query, Select, SetExpr, Spanned, TableFactor, Visit, Visitor,
};

use super::target::Target;
use sql::Fault;
use sql::PipelineDef;
use sql::SourceText;
use sql::statement::simple_name;

const ROW_LOCAL: &str = "a pipeline is row-local: projections, WHERE, unnest_outer(elements(…)) \
     and LEFT JOIN to a dimension";
const LEFT_JOIN: &str = "write LEFT JOIN dimension d ON d.key = expression";
/// A ledger's rows are chosen by their place in the micro-batch, and have no dead letters: what
/// makes several rows of one, or waits for another topic, belongs in front of its table.
const INTO_A_LEDGER: &str =
    "a ledger's pipeline takes rows as they are: do it in the pipeline that fills its table";

/// Everything in a pipeline's query that is refused.
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

impl Refusals<'_> {
    fn refuse(&mut self, node: &impl Spanned, clause: &str) {
        let message = format!("{clause} is refused in a pipeline");
        self.faults
            .push(self.text.fault_on(node, clause, message).help(ROW_LOCAL));
    }

    fn refuse_function(&mut self, function: &Function, why: &str, help: &str) {
        let name = plain_name(&function.name);
        let fault = self
            .text
            .fault_on(&function.name, &name, format!("{name}() {why}"));
        self.faults.push(fault.help(help));
    }

    fn select(&mut self, select: &Select) {
        if select.distinct.is_some() {
            self.refuse(select, "DISTINCT");
        }
        match &select.group_by {
            GroupByExpr::All(_) => self.refuse(&select.group_by, "GROUP BY"),
            GroupByExpr::Expressions(by, _) if !by.is_empty() => {
                self.refuse(&select.group_by, "GROUP BY")
            }
            GroupByExpr::Expressions(..) => {}
        }
        if let Some(having) = &select.having {
            self.refuse(having, "HAVING");
        }
        if let Some(qualify) = &select.qualify {
            self.refuse(qualify, "QUALIFY");
        }
        if let Some(by) = select.sort_by.first() {
            self.refuse(by, "SORT BY");
        }
        if select.top.is_some() {
            self.refuse(select, "TOP");
        }
        if let Some(view) = select.lateral_views.first() {
            self.refuse(view, "LATERAL VIEW");
        }
        if let [_, second, ..] = select.from.as_slice() {
            self.refuse(second, "a second table in FROM");
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            self.join(join);
        }
    }

    fn join(&mut self, join: &Join) {
        let is_left = matches!(
            join.join_operator,
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_)
        );
        let (message, help) = match self.target {
            Target::Ledger => ("a join is refused in a ledger's pipeline", INTO_A_LEDGER),
            Target::Table if !is_left => (
                "a join other than LEFT JOIN is refused in a pipeline",
                LEFT_JOIN,
            ),
            Target::Table if !self.is_dimension(&join.relation) => {
                ("joins something that is not a dimension", LEFT_JOIN)
            }
            Target::Table => return,
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
        let written = plain_name(&function.name);
        // A function may have several names.
        let found = self.state.scalar_functions().get(&written);
        let name = found.map_or(written.as_str(), |f| f.name()).to_owned();
        if function.over.is_some() {
            self.refuse_function(
                function,
                "is a window function, which is refused in a pipeline",
                ROW_LOCAL,
            );
        } else if name == "unnest" {
            self.refuse_function(
                function,
                "is refused in a pipeline: it drops null and empty lists, and a record would vanish",
                "write unnest_outer(elements(…))",
            );
        } else if name == "unnest_outer" {
            self.unnests += 1;
            if self.target == Target::Ledger {
                self.refuse_function(
                    function,
                    "is refused in a ledger's pipeline: it makes several rows of one",
                    INTO_A_LEDGER,
                );
            } else if self.unnests > 1 {
                self.refuse_function(
                    function,
                    "stands twice on one path",
                    "an element has one index: unnest once",
                );
            } else if !is_call_of(only_argument(function), "elements") {
                self.refuse_function(
                    function,
                    "takes elements(…) here",
                    "write unnest_outer(elements(list)), which numbers the elements",
                );
            }
        } else if udfs::REFUSED_IN_PIPELINES.contains(&name.as_str()) {
            self.refuse_function(
                function,
                "raises on a bad row and is refused in a pipeline",
                &format!("write try_{name}"),
            );
        } else if self.state.aggregate_functions().contains_key(&name) {
            self.refuse_function(
                function,
                "is an aggregate, which is refused in a pipeline",
                ROW_LOCAL,
            );
        } else if self.state.window_functions().contains_key(&name) {
            self.refuse_function(
                function,
                "is a window function, which is refused in a pipeline",
                ROW_LOCAL,
            );
        } else if self.changes(&written) || self.changes(&name) {
            self.refuse_function(
                function,
                "gives another value each time and is refused in a pipeline",
                "a record read again must give the same row: use received",
            );
        }
    }

    /// The function's value depends on when it is asked, not on its row alone. A function of the
    /// key ring changes too, but that is its purpose: it isn't volatile, and not among DataFusion's.
    fn changes(&self, name: &str) -> bool {
        const CLOCK: [&str; 7] = [
            "now",
            "current_timestamp",
            "current_date",
            "current_time",
            "today",
            "localtime",
            "localtimestamp",
        ];
        CLOCK.contains(&name)
            || self
                .state
                .scalar_functions()
                .get(name)
                .is_some_and(|f| f.signature().volatility == Volatility::Volatile)
    }
}

impl Visitor for Refusals<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with
            && with.recursive
        {
            self.refuse(with, "WITH RECURSIVE");
        }
        if let Some(order_by) = &query.order_by {
            self.refuse(order_by, "ORDER BY");
        }
        if let Some(limit) = &query.limit_clause {
            self.refuse(limit, "LIMIT");
        }
        if let Some(fetch) = &query.fetch {
            self.refuse(fetch, "FETCH");
        }
        match &*query.body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(_) => {}
            SetExpr::SetOperation { op, .. } => self.refuse(&*query.body, &op.to_string()),
            other => self.refuse(other, "this kind of query"),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                self.refuse(expr, "a subquery");
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
