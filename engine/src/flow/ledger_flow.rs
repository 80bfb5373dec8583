//! The way of a micro-batch's events into a ledger: its one writer.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use common::clock::now_us;
use common::{EngineError, OrderTerm, Result, column};
use ledger::{EntryKind, Evidence, Ledger, Posting, Prepared};
use pipelines::LedgerPipelinePlan;

use super::entry_reader::PublishedEntries;

/// A ledger with the pipeline that feeds it.
pub struct LedgerFlow {
    /// The ledger's table name.
    pub name: Arc<str>,
    /// The table whose rows the pipeline reads.
    pub from: Arc<str>,
    /// The pipeline's plan.
    pub plan: LedgerPipelinePlan,
    /// The ledger itself.
    pub ledger: Ledger,
    /// Reads old entries.
    pub entries: PublishedEntries,
    /// What posts: the writer's epoch and start.
    pub run: Arc<str>,
}

impl std::fmt::Debug for LedgerFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerFlow")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl LedgerFlow {
    /// Finds what a micro-batch's rows change, without changing it: the entries are to be published
    /// with the micro-batch, then applied.
    ///
    /// The index is asked first, with the keys alone: the pipeline's other columns are computed
    /// only for rows that could change a credit, which few do.
    pub async fn prepare(&mut self, rows: &RecordBatch) -> Result<Option<Prepared>> {
        let keys = self.plan.keys(rows).await?;
        if keys.rows.num_rows() == 0 {
            return Ok(None);
        }
        let may_change = match self.ledger.leading() {
            OrderTerm::Received => self
                .ledger
                .may_change(keys.rows.columns(), &keys.received)?,
            // Of the other orders the keys don't tell the leading time: all rows compete.
            OrderTerm::EventTime | OrderTerm::Tie | OrderTerm::Channel => {
                BooleanArray::from(vec![true; keys.rows.num_rows()])
            }
        };
        if may_change.true_count() == 0 {
            return Ok(None);
        }
        let chosen = keys.choose(&may_change)?;
        let chosen = filter_record_batch(rows, &chosen)?;
        let candidates = self.plan.candidates(&chosen).await?;
        let posting = Posting {
            at: chrono::DateTime::from_timestamp_micros(now_us())
                .ok_or_else(|| EngineError::internal("the clock is out of range"))?,
            kind: EntryKind::Live,
            run: self.run.clone(),
            reason: None,
        };
        let input = &candidates.input;
        let evidence = Evidence {
            rows: &candidates.rows,
            received: &column(input, "received")?,
            arrival_hour: &column(input, "arrival_hour")?,
            position: &column(input, "position")?,
        };
        let prepared = self.ledger.prepare(evidence, &posting, &self.entries);
        prepared.await
    }
}
