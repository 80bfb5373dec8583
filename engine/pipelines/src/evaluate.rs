//! The values of an expression over a frame.

use std::sync::Arc;

use arrow::array::ArrayRef;
use common::{EngineError, Kind, Result};
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;

use super::frame::Frame;

/// The values of an expression.
///
/// What an expression raises on some row, such as a division by zero, is of [`Kind::Data`]. The
/// message of that error is dropped, since it may quote the row.
pub(super) fn evaluate(expr: &Arc<dyn PhysicalExpr>, frame: &Frame) -> Result<ArrayRef> {
    let values = expr
        .evaluate(&frame.batch)
        .and_then(|values| values.into_array(frame.len()));
    values.map_err(|e| match e.find_root() {
        DataFusionError::Execution(_) | DataFusionError::ArrowError(..) => {
            EngineError::new(Kind::Data, "an expression of a pipeline fails on a row")
        }
        _ => e.into(),
    })
}
