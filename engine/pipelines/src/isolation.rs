//! A record that an expression raises on becomes a dead letter of its own.
//!
//! Headwater's functions are total, but SQL has operators that are not, such as a division by
//! zero. A micro-batch that fails is run again in halves until the failing records stand alone.

use arrow::array::{Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat, concat_batches};
use arrow::datatypes::SchemaRef;

use super::frame::{Origins, typed};
use super::sink::{PipelineOutput, Rejects};
use common::{Kind, Result};

/// The reason of such a dead letter.
pub const CANNOT_EVALUATE: &str = "cannot evaluate";

/// Runs a micro-batch, and where it fails because of its rows, its halves.
pub(super) fn isolating(
    input: &RecordBatch,
    schema: &SchemaRef,
    run: &dyn Fn(&RecordBatch) -> Result<PipelineOutput>,
) -> Result<PipelineOutput> {
    let rows = input.num_rows();
    match run(input) {
        Err(e) if e.kind == Kind::Data && rows > 1 => {
            let half = rows / 2;
            let first = isolating(&input.slice(0, half), schema, run)?;
            let second = isolating(&input.slice(half, rows - half), schema, run)?;
            joined(schema, first, second, half)
        }
        Err(e) if e.kind == Kind::Data => Ok(refused(schema)),
        done => done,
    }
}

/// One record that can't be evaluated.
fn refused(schema: &SchemaRef) -> PipelineOutput {
    let mut output = PipelineOutput::empty(schema.clone());
    output.rejects = Rejects {
        row: UInt32Array::from(vec![0]),
        element: Int32Array::from(vec![-1]),
        reason: StringArray::from(vec![CANNOT_EVALUATE]),
    };
    output.produced = UInt32Array::from(vec![0]);
    output
}

fn joined(
    schema: &SchemaRef,
    first: PipelineOutput,
    second: PipelineOutput,
    offset: usize,
) -> Result<PipelineOutput> {
    let moved =
        |rows: &UInt32Array| rows.unary::<_, arrow::datatypes::UInt32Type>(|r| r + offset as u32);
    let rows = |a: &UInt32Array, b: &UInt32Array| typed(&concat(&[a, &moved(b)])?);
    let elements = |a: &Int32Array, b: &Int32Array| typed(&concat(&[a, b])?);
    Ok(PipelineOutput {
        rows: concat_batches(schema, [&first.rows, &second.rows])?,
        row: rows(&first.row, &second.row)?,
        element: elements(&first.element, &second.element)?,
        rejects: Rejects {
            row: rows(&first.rejects.row, &second.rejects.row)?,
            element: elements(&first.rejects.element, &second.rejects.element)?,
            reason: typed(&concat(&[&first.rejects.reason, &second.rejects.reason])?)?,
        },
        filtered: Origins {
            row: rows(&first.filtered.row, &second.filtered.row)?,
            element: elements(&first.filtered.element, &second.filtered.element)?,
        },
        produced: rows(&first.produced, &second.produced)?,
    })
}
