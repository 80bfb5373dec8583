//! A file's rows as record batches that are copied only where rows do not lie together.

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use common::Result;

use super::split::RowAt;

/// How many scattered rows are gathered at a time: few enough that they are still in the processor's
/// cache, and their memory is still warm, when the encoder reads them.
const GATHERED_ROWS: usize = 8192;

/// Rows that lie together are handed on as they are from this many on.
const RUN_ROWS_MIN: usize = 512;

/// Rows of a file that are encoded with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// So many rows of a batch, from one on.
    Run(RowAt, usize),
    /// The file's rows from one index to another.
    Scattered(usize, usize),
}

/// The file's rows in their order, in batches.
pub(super) fn gathered<'a>(
    stored: &'a [RecordBatch],
    rows: &'a [RowAt],
) -> impl Iterator<Item = Result<RecordBatch>> + 'a {
    let batches: Vec<&RecordBatch> = stored.iter().collect();
    parts(rows).into_iter().map(move |part| match part {
        Part::Run((batch, first), length) => Ok(stored[batch].slice(first, length)),
        Part::Scattered(from, to) => Ok(interleave_record_batch(&batches, &rows[from..to])?),
    })
}

fn parts(rows: &[RowAt]) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut scattered, mut at) = (0, 0);
    while at < rows.len() {
        let run = run_length(&rows[at..]);
        if run >= RUN_ROWS_MIN || at - scattered + run > GATHERED_ROWS {
            if at > scattered {
                parts.push(Part::Scattered(scattered, at));
            }
            scattered = at;
        }
        if run >= RUN_ROWS_MIN {
            parts.push(Part::Run(rows[at], run));
            scattered = at + run;
        }
        at += run;
    }
    if at > scattered {
        parts.push(Part::Scattered(scattered, at));
    }
    parts
}

/// How many rows from the first one on follow each other in one batch.
fn run_length(rows: &[RowAt]) -> usize {
    let (batch, first) = rows[0];
    let together = |(n, row): &(usize, &RowAt)| **row == (batch, first + n);
    rows.iter().enumerate().take_while(together).count()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn run(batch: usize, first: usize, length: usize) -> Vec<RowAt> {
        (first..first + length).map(|row| (batch, row)).collect()
    }

    #[test]
    fn rows_that_lie_together_are_not_copied() {
        let rows = [
            run(0, 10, 600),
            run(1, 0, 3),
            run(0, 700, 2),
            run(1, 9, 512),
        ]
        .concat();
        let expected = [
            Part::Run((0, 10), 600),
            Part::Scattered(600, 605),
            Part::Run((1, 9), 512),
        ];
        assert_eq!(parts(&rows), expected);
    }

    #[test]
    fn scattered_rows_come_in_parts_of_bounded_length() {
        let rows: Vec<RowAt> = (0..20_000).map(|n| (n % 2, n / 2 * 3)).collect();
        let lengths: Vec<usize> = parts(&rows)
            .iter()
            .map(|part| match part {
                Part::Scattered(from, to) => to - from,
                Part::Run(_, length) => *length,
            })
            .collect();
        assert_eq!(lengths, [8192, 8192, 3616]);
    }

    #[test]
    fn every_row_comes_once_and_in_order() {
        let column = |from: i64| Arc::new(Int64Array::from_iter_values(from..from + 4000)) as _;
        let stored =
            [0, 10_000].map(|from| RecordBatch::try_from_iter([("n", column(from))]).unwrap());
        let rows = [run(1, 5, 2000), run(0, 0, 7), run(0, 3000, 1), run(1, 0, 4)].concat();
        let seen: Vec<i64> = gathered(&stored, &rows)
            .flat_map(|part| {
                let part = part.unwrap();
                part.column(0).as_primitive::<Int64Type>().values().to_vec()
            })
            .collect();
        let expected: Vec<i64> = rows
            .iter()
            .map(|(batch, row)| (*batch * 10_000 + row) as i64)
            .collect();
        assert_eq!(seen, expected);
        assert!(gathered(&stored, &[]).next().is_none());
    }
}
