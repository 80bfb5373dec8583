//! The records of a micro-batch that an expression raises on, found and set apart.
//!
//! Headwater's functions are total, but SQL has operators that are not, such as a division by
//! zero. A micro-batch that fails is run again in halves until the failing records stand alone.

use arrow::array::RecordBatch;
use common::{Kind, Result};

/// A part of a micro-batch that was run by itself.
#[derive(Debug)]
pub(super) struct Run<T> {
    /// Its first row in the micro-batch.
    pub(super) start: u32,
    /// What came of it; None of a record that fails alone.
    pub(super) outcome: Option<T>,
}

/// Runs a micro-batch, and where it fails because of its rows, its halves. Together the parts that
/// come back are the whole micro-batch, in its order.
pub(super) fn isolating<T>(
    input: &RecordBatch,
    run: impl Fn(&RecordBatch) -> Result<T>,
) -> Result<Vec<Run<T>>> {
    let mut runs = Vec::new();
    let mut waiting = vec![(0, input.num_rows())];
    while let Some((start, length)) = waiting.pop() {
        let outcome = match run(&input.slice(start, length)) {
            Err(e) if e.kind == Kind::Data && length > 1 => {
                let half = length / 2;
                // The first half is taken first.
                waiting.push((start + half, length - half));
                waiting.push((start, half));
                continue;
            }
            Err(e) if e.kind == Kind::Data => None,
            done => Some(done?),
        };
        runs.push(Run {
            start: start as u32,
            outcome,
        });
    }
    Ok(runs)
}
