//! The rows of a ledger's pipeline, without those that its expressions raise on.

use arrow::array::{Array, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{and, concat_batches, is_not_null};
use arrow::datatypes::SchemaRef;

use super::frame::{Frame, batch_of};
use super::stages::Stages;
use crate::error::{EngineError, Kind, Result};
use crate::sql::dimensions::NoDimensions;

/// What came through, in the order of the input.
#[derive(Debug)]
pub(super) struct LedgerRows {
    /// The rows.
    pub(super) rows: RecordBatch,
    /// The input row of each.
    pub(super) row: UInt32Array,
    /// Rows that an expression raises on, or that have a null where none may be.
    pub(super) passed_over: u64,
}

/// Runs the stages of a ledger's pipeline, and where they fail because of a row, again on halves of
/// the input, until the rows at fault stand alone.
pub(super) fn ledger_rows(
    stages: &Stages,
    schema: &SchemaRef,
    input: &RecordBatch,
) -> Result<LedgerRows> {
    let mut parts = Vec::new();
    let mut row = Vec::new();
    let mut passed_over = 0;
    let mut waiting = vec![(0, input.num_rows())];
    while let Some((start, length)) = waiting.pop() {
        match frame(stages, &input.slice(start, length)) {
            Ok(None) => {}
            Ok(Some(frame)) => {
                let kept = without_nulls(&frame, schema)?;
                passed_over += (frame.len() - kept.len()) as u64;
                row.extend(kept.rows.values().iter().map(|r| r + start as u32));
                parts.push(batch_of(schema, kept.batch.columns().to_vec(), kept.len())?);
            }
            Err(e) if e.kind == Kind::Data && length > 1 => {
                let half = length / 2;
                // The first half is taken first.
                waiting.push((start + half, length - half));
                waiting.push((start, half));
            }
            Err(e) if e.kind == Kind::Data => passed_over += 1,
            Err(e) => return Err(e),
        }
    }
    let rows = match <[RecordBatch; 1]>::try_from(parts) {
        Ok([rows]) => rows,
        Err(parts) => concat_batches(schema, &parts)?,
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

/// The rows that have no null where the schema allows none. The plan has promised that there are
/// none; a promise that a function breaks must not stop the source.
fn without_nulls(frame: &Frame, schema: &SchemaRef) -> Result<Frame> {
    let fields = schema.fields().iter().zip(frame.batch.columns());
    let mut keep: Option<BooleanArray> = None;
    for (_, column) in fields.filter(|(f, c)| !f.is_nullable() && c.logical_null_count() > 0) {
        let filled = is_not_null(column)?;
        keep = Some(match keep {
            Some(keep) => and(&keep, &filled)?,
            None => filled,
        });
    }
    match keep {
        Some(keep) => frame.keep(&keep),
        None => Ok(frame.clone()),
    }
}
