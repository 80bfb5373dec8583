//! Functions that make much from little, or take long over it, with a bound on one call.
//!
//! `repeat('a', 2000000000)` allocates its result at once, inside one call: the memory pool is not
//! asked, the time limit is not looked at, and there is no point at which it could be cancelled. So
//! what a call would make is worked out from its arguments first. Trino and ClickHouse bound the
//! same functions for the same reason; here the bound is a share of the queries' memory. In the same
//! way `levenshtein` of two long texts would compute for days: its bound is on the steps of one row,
//! and between rows that take many it looks whether its query has to end.

mod arguments;
mod made;
mod refused;
mod steps;
mod stepwise;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::config::ConfigOptions;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature,
};
use datafusion::physical_plan::ExecutionPlan;

use made::Made;
use steps::Steps;

/// What one call may make of a batch's rows, as a share of all queries' memory.
const SHARE: usize = 8;
/// What one call may make of constants alone: it makes one value, of which there may be many.
const SHARE_OF_CONSTANT: usize = 64;
/// What one call may make while a plan is made, in bytes.
const BYTES_MAX_IN_PLAN: usize = 64 << 10;

tokio::task_local! {
    /// Set while a plan is made.
    static PLANNING: ();
}

/// Makes the plan of a query; calls that nothing could bound are refused. Constant calls that give
/// much are left for the run: what is worked out here stays in the plan as a literal, and plans are
/// copied and compared again and again.
pub async fn plan_query(
    session: &SessionState,
    query: &LogicalPlan,
) -> Result<Arc<dyn ExecutionPlan>> {
    refused::check(query)?;
    PLANNING
        .scope((), planning::physical_plan(session, query))
        .await
}

fn is_planning() -> bool {
    PLANNING.try_with(|()| ()).is_ok()
}

/// What is bounded of a function's calls.
#[derive(Debug, Clone, Copy)]
enum Bound {
    /// The bytes that it makes.
    Made(Made),
    /// The steps that it takes for a row.
    Steps(Steps),
}

/// The functions, and how what they make or take is worked out.
const FUNCTIONS: &[(&str, Bound)] = &[
    ("array_concat", Bound::Made(made::joined_lists)),
    ("array_has_all", Bound::Steps(steps::each_with_each)),
    ("array_has_any", Bound::Steps(steps::each_with_each)),
    ("array_repeat", Bound::Made(made::repeated_elements)),
    ("array_replace_all", Bound::Made(made::replaced_elements)),
    ("array_replace_n", Bound::Made(made::replaced_elements)),
    ("array_resize", Bound::Made(made::resized_list)),
    ("array_to_string", Bound::Made(made::listed_text)),
    ("btrim", Bound::Steps(steps::each_with_each)),
    ("concat", Bound::Made(made::joined_text)),
    ("concat_ws", Bound::Made(made::separated_text)),
    ("generate_series", Bound::Made(made::series)),
    ("levenshtein", Bound::Steps(steps::each_with_each)),
    ("lpad", Bound::Made(made::padded_text)),
    ("ltrim", Bound::Steps(steps::each_with_each)),
    ("range", Bound::Made(made::series)),
    ("regexp_replace", Bound::Made(made::replaced_matches)),
    ("repeat", Bound::Made(made::repeated_text)),
    ("replace", Bound::Made(made::replaced_text)),
    ("rpad", Bound::Made(made::padded_text)),
    ("rtrim", Bound::Steps(steps::each_with_each)),
    ("to_char", Bound::Made(made::formatted_text)),
];

/// Puts bounded functions in the place of a session's own.
///
/// # Errors
/// Where the session has no function of one of the names.
pub(super) fn install(session: &mut SessionState, memory_bytes_max: usize) -> Result<()> {
    for (name, bound) in FUNCTIONS {
        let bounded = Bounded {
            inner: session.udf(name)?,
            bound: *bound,
            memory_bytes_max,
        };
        session.register_udf(Arc::new(ScalarUDF::new_from_impl(bounded)))?;
    }
    Ok(())
}

/// A function that is called only if what it would make or take is not too much. It does not simplify
/// itself, since what `concat` turns into by that is not bounded; constants are folded without it.
#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    bound: Bound,
    memory_bytes_max: usize,
}

// One name has one bound: the function that is called tells them apart.
impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.memory_bytes_max == other.memory_bytes_max
    }
}

impl Eq for Bounded {}

impl std::hash::Hash for Bounded {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
        self.memory_bytes_max.hash(state);
    }
}

impl Bounded {
    /// Checks the bytes that a call would make.
    fn check_made(&self, made: u128, args: &ScalarFunctionArgs) -> Result<()> {
        let is_constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let (share, of) = if args.args.iter().all(is_constant) {
            (SHARE_OF_CONSTANT, "of constants".to_owned())
        } else {
            (SHARE, format!("for {} rows", args.number_rows))
        };
        let mut allowed = self.memory_bytes_max / share;
        if is_planning() {
            allowed = allowed.min(BYTES_MAX_IN_PLAN);
        }
        if made > allowed as u128 {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{}() would make {made} bytes {of} in one call; {allowed} are allowed, the {share}th \
                 part of query.memory_bytes_max: make less, or raise that setting",
                self.name(),
            )));
        }
        Ok(())
    }
}

impl ScalarUDFImpl for Bounded {
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match self.bound {
            Bound::Made(made) => {
                self.check_made(made(&args)?, &args)?;
                self.inner.inner().invoke_with_args(args)
            }
            Bound::Steps(steps) => {
                let steps = steps(&args)?;
                stepwise::call(&self.inner, args, &steps)
            }
        }
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = Arc::new(self.inner.inner().with_updated_config(config)?);
        Some(ScalarUDF::new_from_impl(Self {
            inner,
            bound: self.bound,
            memory_bytes_max: self.memory_bytes_max,
        }))
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(inputs)
    }

    fn propagate_constraints(
        &self,
        interval: &Interval,
        inputs: &[&Interval],
    ) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
