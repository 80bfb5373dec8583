//! The parameters of a statement: their types, and their values as clients bind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, LogicalPlan};
use tonic::Status;

use crate::status;

/// The values of the parameters, one row for each run.
pub(crate) type Rows = Vec<Vec<ScalarValue>>;

/// One run is one query: a client that binds more rows wants an update.
const ROWS_MAX: usize = 1_000;

/// A parameter, `$1` being the first.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) field: FieldRef,
    /// Whether the statement decides the type. If not, the client's value does.
    pub(crate) inferred: bool,
}

/// The parameters of a plan in their order.
pub(crate) fn of_plan(plan: &LogicalPlan) -> Result<Vec<Parameter>, Status> {
    let mut types: BTreeMap<usize, Option<DataType>> = BTreeMap::new();
    let mut stray = None;
    plan.apply_with_subqueries(|node| {
        let default = match node {
            LogicalPlan::Limit(_) => Some(DataType::Int64),
            _ => None,
        };
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                match expr {
                    Expr::Placeholder(p) => note(&mut types, &mut stray, p, default.clone()),
                    Expr::Cast(cast) => {
                        if let Expr::Placeholder(p) = cast.expr.as_ref() {
                            let to = cast.field.data_type().clone();
                            note(&mut types, &mut stray, p, Some(to));
                        }
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map_err(|e: DataFusionError| status::from_datafusion(&e))?;
    if let Some(id) = stray {
        return Err(status::invalid(format!(
            "parameter {id}: parameters are written as ?, or as $1, $2, …"
        )));
    }
    types
        .into_iter()
        .enumerate()
        .map(|(i, (number, data_type))| {
            if number != i + 1 {
                return Err(status::invalid(format!(
                    "parameter ${number} is used, but ${} is not",
                    i + 1
                )));
            }
            // Text is what every client can bind.
            let inferred = data_type.is_some();
            let data_type = data_type.unwrap_or(DataType::Utf8);
            let field = Arc::new(Field::new(format!("${number}"), data_type, true));
            Ok(Parameter { field, inferred })
        })
        .collect()
}

/// Takes down a placeholder with the first type that is known for it.
fn note(
    types: &mut BTreeMap<usize, Option<DataType>>,
    stray: &mut Option<String>,
    placeholder: &Placeholder,
    default: Option<DataType>,
) {
    let number = placeholder.id.strip_prefix('$').map(str::parse::<usize>);
    let Some(Ok(number @ 1..)) = number else {
        *stray = Some(placeholder.id.clone());
        return;
    };
    let known = placeholder
        .field
        .as_ref()
        .map(|f| f.data_type().clone())
        .or(default)
        .filter(can_be_bound);
    let slot = types.entry(number).or_default();
    if slot.is_none() {
        *slot = known;
    }
}

fn can_be_bound(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Null
            | DataType::Union(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
            | DataType::RunEndEncoded(..)
    )
}

/// Values that stand for unbound parameters where only the result's schema is asked for.
pub(crate) fn nulls(parameters: &[Parameter]) -> Vec<ScalarValue> {
    parameters
        .iter()
        .map(|p| ScalarValue::try_from(p.field.data_type()).unwrap_or(ScalarValue::Utf8(None)))
        .collect()
}

/// Adds the rows of a batch that a client bound: columns by position, each cast to what the
/// statement expects.
pub(crate) fn append(
    rows: &mut Rows,
    parameters: &[Parameter],
    batch: &RecordBatch,
) -> Result<(), Status> {
    if rows.len() + batch.num_rows() > ROWS_MAX {
        return Err(status::status(
            tonic::Code::ResourceExhausted,
            &format!(
                "more than {ROWS_MAX} rows of parameters were bound to a query: run it for fewer \
                 at a time"
            ),
        ));
    }
    if batch.num_rows() == 0 {
        return Ok(());
    }
    if batch.num_columns() != parameters.len() {
        return Err(status::invalid(format!(
            "the statement has {} parameters, {} were bound",
            parameters.len(),
            batch.num_columns()
        )));
    }
    for row in 0..batch.num_rows() {
        rows.push(row_of(parameters, batch, row)?);
    }
    Ok(())
}

fn row_of(
    parameters: &[Parameter],
    batch: &RecordBatch,
    row: usize,
) -> Result<Vec<ScalarValue>, Status> {
    parameters
        .iter()
        .zip(batch.columns())
        .map(|(parameter, column)| {
            let value = ScalarValue::try_from_array(column, row)
                .map_err(|e| status::internal("reading a parameter", e))?;
            value_of(parameter, plain(value))
        })
        .collect()
}

/// The value itself, where a client sends it as one of several types, or encoded.
fn plain(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Union(Some((_, value)), ..) => plain(*value),
        ScalarValue::Union(None, ..) => ScalarValue::Null,
        ScalarValue::Dictionary(_, value) | ScalarValue::RunEndEncoded(_, _, value) => {
            plain(*value)
        }
        value => value,
    }
}

fn value_of(parameter: &Parameter, value: ScalarValue) -> Result<ScalarValue, Status> {
    let expected = parameter.field.data_type();
    if !parameter.inferred && !value.data_type().is_null() {
        return Ok(value);
    }
    value.cast_to(expected).map_err(|e| {
        status::invalid(format!(
            "parameter {} must be {expected}, and the {} that was bound cannot be read as one: {}",
            parameter.field.name(),
            value.data_type(),
            e.strip_backtrace()
        ))
    })
}
