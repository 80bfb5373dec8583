//! A hidden setting for tests: one row is lost on purpose, at a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use common::{EngineError, Result, TableDef};
use sql::{ARCHIVE, DEAD_LETTERS};

use super::extraction::Extracted;

/// The place between a pipeline's plan and its sink.
const PIPELINE: &str = "pipeline";

/// Loses one row, so that a test can see whether anybody notices.
///
/// ```text
/// loss  = place [ ":" nth ]
/// place = "pipeline" | a table's name
/// nth   = the micro-batch with rows at that place that loses its last row, from 1 (the default)
/// ```
///
/// `pipeline` loses an accepted row and its count, which `system.conservation` must show; a
/// table's name loses a row just before it is published, which only books kept elsewhere can show.
#[derive(Debug)]
pub struct RowLoss {
    place: String,
    nth: u64,
    seen: AtomicU64,
}

impl RowLoss {
    /// Parses a loss.
    pub fn parse(text: &str, tables: &[TableDef]) -> Result<Self> {
        let (place, nth) = match text.split_once(':') {
            Some((place, nth)) => (place, nth.parse::<u64>().ok().filter(|nth| *nth > 0)),
            None => (text, Some(1)),
        };
        let wrong = |what: &str| {
            let tables: Vec<&str> = tables.iter().map(|t| &*t.name).collect();
            let places = tables.join(", ");
            EngineError::invalid(format!(
                "fault.drop_row `{text}`: {what}; write place[:nth], where place is {PIPELINE} or \
                 one of {places}"
            ))
        };
        let nth = nth.ok_or_else(|| wrong("nth is a number from 1"))?;
        if place != PIPELINE && !tables.iter().any(|t| *t.name == *place) {
            return Err(wrong("no such place"));
        }
        Ok(Self {
            place: place.to_owned(),
            nth,
            seen: AtomicU64::new(0),
        })
    }

    /// Loses an accepted row of a pipeline, and its count.
    pub fn strike_pipeline(&self, extracted: &mut Extracted) {
        let of_pipeline = |table: &str| table != ARCHIVE && table != DEAD_LETTERS;
        let mut sinks = extracted.rows.iter_mut();
        let Some((_, rows)) = sinks.find(|(table, _)| of_pipeline(table)) else {
            return;
        };
        let Some(partition) = last_partition(rows) else {
            return;
        };
        let mut counts = extracted.counts.iter_mut();
        let counted = counts.find(|c| c.at.partition == partition && c.events > 0);
        if let Some(count) = counted
            && self.strikes(PIPELINE, rows.num_rows())
        {
            *rows = rows.slice(0, rows.num_rows() - 1);
            count.events -= 1;
        }
        extracted.rows.retain(|(_, rows)| rows.num_rows() > 0);
    }

    /// Loses a row of a micro-batch's tables.
    pub fn strike_tables(&self, tables: &mut Vec<(Arc<str>, RecordBatch)>) {
        for (table, rows) in tables.iter_mut() {
            let count = rows.num_rows();
            if self.strikes(table, count) {
                *rows = rows.slice(0, count - 1);
            }
        }
        tables.retain(|(_, rows)| rows.num_rows() > 0);
    }

    fn strikes(&self, place: &str, rows: usize) -> bool {
        let strikes = self.place == place
            && rows > 0
            && self.seen.fetch_add(1, Ordering::Relaxed) + 1 == self.nth;
        if strikes {
            tracing::warn!(place, "a row is lost on purpose");
        }
        strikes
    }
}

/// The topic partition's number of the last row, if there is a row.
fn last_partition(rows: &RecordBatch) -> Option<i32> {
    let position = rows.column_by_name("position")?.as_struct_opt()?;
    let partition = position.column_by_name("partition")?;
    let partition = partition.as_primitive_opt::<Int32Type>()?;
    partition.values().last().copied()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use arrow::array::{ArrayRef, Int32Array};
    use sql::built_in_tables;

    use super::*;

    #[test]
    fn the_named_micro_batch_of_a_table_loses_its_last_row() {
        let loss = RowLoss::parse("archive:2", &built_in_tables()).unwrap();
        let numbers = |n: i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(0..n)) };
        let batch = |n| RecordBatch::try_from_iter([("n", numbers(n))]).unwrap();
        let mut lengths = Vec::new();
        for _ in 0..3 {
            let mut tables = vec![
                ("dead_letters".into(), batch(4)),
                ("archive".into(), batch(3)),
            ];
            loss.strike_tables(&mut tables);
            lengths.extend(tables.iter().map(|t| t.1.num_rows()));
        }
        assert_eq!(lengths, [4, 3, 4, 2, 4, 3]);
        let only = RowLoss::parse("archive", &built_in_tables()).unwrap();
        let mut tables = vec![("archive".into(), batch(1))];
        only.strike_tables(&mut tables);
        assert!(tables.is_empty());
    }

    #[test]
    fn a_wrong_loss_is_named_with_the_places_there_are() {
        for text in ["", "event", "archive:0", "archive:x", "archive:1:2"] {
            let message = RowLoss::parse(text, &built_in_tables())
                .unwrap_err()
                .to_string();
            assert!(message.contains(&format!("`{text}`")), "{message}");
            assert!(
                message.ends_with("pipeline or one of dead_letters, archive"),
                "{message}"
            );
        }
    }
}
