//! Calls of SQL functions on columns, as a plan makes them.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};
use datafusion::prelude::SessionContext;
use generator::Keys;

use crate::figures::Outcome;
use crate::setup::ring;

/// Headwater's functions.
pub struct Functions {
    session: SessionContext,
    options: Arc<ConfigOptions>,
}

impl Functions {
    /// The functions that a pipeline is planned with.
    pub fn new(keys: &Keys) -> Outcome<Self> {
        let session = engine::check::planner(&ring(keys)?)?;
        let options = Arc::new(session.copied_config().options().as_ref().clone());
        Ok(Self { session, options })
    }

    /// Calls one; at least one argument is a column.
    pub fn call(&self, name: &str, args: Vec<ColumnarValue>) -> Outcome<ArrayRef> {
        let function = self.session.udf(name)?;
        let types: Vec<DataType> = args.iter().map(ColumnarValue::data_type).collect();
        let args = args
            .iter()
            .zip(function.coerce_types(&types)?)
            .map(|(arg, wanted)| arg.cast_to(&wanted, None))
            .collect::<Result<Vec<_>>>()?;
        let arg_fields: Vec<FieldRef> = args
            .iter()
            .map(|arg| Arc::new(Field::new("argument", arg.data_type(), true)))
            .collect();
        let scalars: Vec<_> = args
            .iter()
            .map(|arg| match arg {
                ColumnarValue::Scalar(scalar) => Some(scalar),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        let return_field = function.return_field_from_args(ReturnFieldArgs {
            arg_fields: &arg_fields,
            scalar_arguments: &scalars,
        })?;
        let number_rows = args
            .iter()
            .find_map(|arg| match arg {
                ColumnarValue::Array(array) => Some(array.len()),
                ColumnarValue::Scalar(_) => None,
            })
            .ok_or("no argument is a column")?;
        let answer = function.invoke_with_args(ScalarFunctionArgs {
            args,
            arg_fields,
            number_rows,
            return_field,
            config_options: self.options.clone(),
        })?;
        Ok(answer.into_array(number_rows)?)
    }
}
