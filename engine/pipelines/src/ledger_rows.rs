//! The rows of a ledger's pipeline, without those that its expressions raise on.

use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, not, or};
use arrow::datatypes::SchemaRef;
use common::{EngineError, Result};
use dimensions::NoDimensions;

use super::frame::{Frame, batch_of};
use super::isolation::{Run, isolating};
use super::required::{Required, without_empty};
use super::stages::Stages;

/// A plan of some of a ledger's columns, or of all.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) stages: Stages,
    /// The columns.
    pub(super) schema: SchemaRef,
    /// Those that need a value.
    pub(super) required: Vec<Required>,
    /// Those in which an empty text is null.
    pub(super) null_if_empty: Vec<usize>,
}

/// What came through, in the order of the input.
#[derive(Debug)]
pub(super) struct LedgerRows {
    /// The rows.
    pub(super) rows: RecordBatch,
    /// The input row of each.
    pub(super) row: UInt32Array,
    /// Rows that an expression raises on, or that lack a value which they need.
    pub(super) passed_over: u64,
}

/// Runs the stages of a ledger's pipeline, without the rows that they fail on.
pub(super) fn ledger_rows(part: &Part, input: &RecordBatch) -> Result<LedgerRows> {
    let mut parts = Vec::new();
    let mut row = Vec::new();
    let mut passed_over = 0;
    for Run { start, outcome } in isolating(input, |rows| frame(&part.stages, rows))? {
        match outcome {
            None => passed_over += 1,
            Some(None) => {}
            Some(Some(frame)) => {
                let kept = without_lacking(&frame, &part.required)?;
                passed_over += (frame.len() - kept.len()) as u64;
                row.extend(kept.rows.values().iter().map(|r| start + r));
                let columns = kept.batch.columns().to_vec();
                let columns = without_empty(columns, &part.null_if_empty);
                parts.push(batch_of(&part.schema, columns, kept.len())?);
            }
        }
    }
    let rows = match <[RecordBatch; 1]>::try_from(parts) {
        Ok([rows]) => rows,
        Err(parts) => concat_batches(&part.schema, &parts)?,
    };
    Ok(LedgerRows {
        rows,
        row: UInt32Array::from(row),
        passed_over,
    })
}

fn frame(stages: &Stages, input: &RecordBatch) -> Result<Option<Frame>> {
    let mut frames = stages.run(input, &NoDimensions)?.frames;
    match (frames.pop(), frames.is_empty()) {
        (frame, true) => Ok(frame),
        (_, false) => Err(EngineError::internal(
            "a ledger's pipeline gave several batches",
        )),
    }
}

/// The rows that lack nothing. The plan has promised that there are no nulls where none may be; a
/// promise that a function breaks must not stop the source.
fn without_lacking(frame: &Frame, required: &[Required]) -> Result<Frame> {
    let mut lacking: Option<BooleanArray> = None;
    for rows in required.iter().filter_map(|r| r.lacking(&frame.batch)) {
        lacking = Some(match lacking {
            Some(lacking) => or(&lacking, &rows)?,
            None => rows,
        });
    }
    match lacking {
        Some(lacking) => frame.keep(&not(&lacking)?),
        None => Ok(frame.clone()),
    }
}
