//! A function that is called only if what it would make or take is not too much.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::concat;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

use super::arguments::{are_constant, measure};
use super::limit::Limit;
use crate::interrupt::Interrupt;
use crate::plan_query::is_planning;

/// What one call may make of a batch's rows, as a share of all queries' memory.
const SHARE: usize = 8;
/// What one call may make of constants alone: it makes one value, of which there may be many.
const SHARE_OF_CONSTANT: usize = 64;
/// What one call may make while a plan is made, in bytes.
pub(super) const BYTES_MAX_IN_PLAN: usize = 64 << 10;
/// What one row may take: some seconds.
const STEPS_A_ROW_MAX: u128 = 1 << 32;
/// What one row may take while a plan is made.
const STEPS_A_ROW_MAX_IN_PLAN: u128 = 1 << 22;
/// What the rows of a call may take together before they are computed one by one: less than a second.
const STEPS_AT_ONCE: u128 = 1 << 28;

/// A function with a limit. It does not simplify itself, since what `concat` turns into by that has
/// none; constants are folded without it.
#[derive(Debug)]
pub(super) struct LimitedFunction {
    pub(super) inner: Arc<ScalarUDF>,
    pub(super) limit: Limit,
    pub(super) memory_bytes_max: usize,
}

impl LimitedFunction {
    /// Checks the bytes that a call would make.
    fn check_bytes(&self, made: u128, args: &ScalarFunctionArgs) -> Result<()> {
        let (share, of) = if are_constant(args) {
            (SHARE_OF_CONSTANT, "of constants".to_owned())
        } else {
            (SHARE, format!("for {} rows", args.number_rows))
        };
        let mut allowed = self.memory_bytes_max / share;
        if is_planning() {
            allowed = allowed.min(BYTES_MAX_IN_PLAN);
        }
        if made <= allowed as u128 {
            return Ok(());
        }
        Err(DataFusionError::ResourcesExhausted(format!(
            "{}() would make {made} bytes {of} in one call; {allowed} are allowed, the {share}th \
             part of query.memory_bytes_max: make less, or raise that setting",
            self.name(),
        )))
    }

    /// Checks the steps that each row would take.
    fn check_steps(&self, steps: &[u128]) -> Result<()> {
        let allowed = if is_planning() {
            STEPS_A_ROW_MAX_IN_PLAN
        } else {
            STEPS_A_ROW_MAX
        };
        match steps.iter().find(|steps| **steps > allowed) {
            None => Ok(()),
            Some(steps) => Err(DataFusionError::ResourcesExhausted(format!(
                "{}() would compare {steps} pairs of characters or elements for one row, and \
                 nothing could end it meanwhile; {allowed} are allowed: give it shorter values",
                self.name()
            ))),
        }
    }

    /// Computes row by row, and looks before each whether the query has to end.
    fn call_for_each_row(&self, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let of_row = |row: usize| {
            Interrupt::check_of(&args.config_options)?;
            let one = |arg: &ColumnarValue| match arg {
                ColumnarValue::Array(values) => ColumnarValue::Array(values.slice(row, 1)),
                constant => constant.clone(),
            };
            let args = ScalarFunctionArgs {
                args: args.args.iter().map(one).collect(),
                number_rows: 1,
                ..args.clone()
            };
            self.inner.inner().invoke_with_args(args)?.into_array(1)
        };
        let made: Vec<ArrayRef> = (0..args.number_rows).map(of_row).collect::<Result<_>>()?;
        let made: Vec<_> = made.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&made)?))
    }
}

impl ScalarUDFImpl for LimitedFunction {
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match self.limit {
            Limit::Bytes(of_row) => {
                self.check_bytes(measure(&args, of_row)?.iter().sum(), &args)?;
            }
            Limit::Steps(of_row) => {
                let steps = measure(&args, of_row)?;
                self.check_steps(&steps)?;
                Interrupt::check_of(&args.config_options)?;
                if steps.len() > 1 && steps.iter().sum::<u128>() > STEPS_AT_ONCE {
                    return self.call_for_each_row(&args);
                }
            }
        }
        self.inner.inner().invoke_with_args(args)
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
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

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

// One name has one limit: the function that is called tells them apart.
impl PartialEq for LimitedFunction {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.memory_bytes_max == other.memory_bytes_max
    }
}

impl Eq for LimitedFunction {}

impl Hash for LimitedFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}
