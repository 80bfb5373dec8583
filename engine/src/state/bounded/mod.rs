//! Functions that make much from little, with a bound on what one call makes.
//!
//! `repeat('a', 2000000000)` allocates its result at once, inside one call: the memory pool is not
//! asked, the time limit is not looked at, and there is no point at which it could be cancelled. So
//! what a call would make is worked out from its arguments first. Trino and ClickHouse bound the
//! same functions for the same reason; here the bound is a share of the queries' memory.

mod made;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::config::ConfigOptions;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};

use made::Made;

/// What one call may make, as a share of all queries' memory.
const SHARE: usize = 8;

/// The functions, and how what they make is worked out.
const FUNCTIONS: &[(&str, Made)] = &[
    ("array_repeat", made::repeated_elements),
    ("array_resize", made::resized_list),
    ("generate_series", made::series),
    ("lpad", made::padded_text),
    ("range", made::series),
    ("repeat", made::repeated_text),
    ("replace", made::replaced_text),
    ("rpad", made::padded_text),
];

/// Puts bounded functions in the place of a session's own.
///
/// # Errors
/// Where the session has no function of one of the names.
pub(super) fn install(session: &mut SessionState, memory_bytes_max: usize) -> Result<()> {
    for (name, made) in FUNCTIONS {
        let bounded = Bounded {
            inner: session.udf(name)?,
            made: *made,
            bytes_max: (memory_bytes_max / SHARE) as u64,
        };
        session.register_udf(Arc::new(ScalarUDF::new_from_impl(bounded)))?;
    }
    Ok(())
}

/// A function that is called only if what it would make is not too large.
#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    made: Made,
    bytes_max: u64,
}

// One name has one bound: the function that is called tells them apart.
impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.bytes_max == other.bytes_max
    }
}

impl Eq for Bounded {}

impl std::hash::Hash for Bounded {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
        self.bytes_max.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let made = (self.made)(&args)?;
        if made > u128::from(self.bytes_max) {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{}() would make {made} bytes for {} rows in one call; {} are allowed, an eighth of \
                 query.memory_bytes_max: make less, or raise that setting",
                self.name(),
                args.number_rows,
                self.bytes_max
            )));
        }
        self.inner.inner().invoke_with_args(args)
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
            made: self.made,
            bytes_max: self.bytes_max,
        }))
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
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
