//! Reads ledger entries back by number, from files and tail alike.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use async_trait::async_trait;
use datafusion::prelude::{col, lit};

use crate::error::Result;
use crate::ledger::EntryReader;
use crate::state::{Publisher, Sessions};

/// Reads entries of one ledger as of the state published at the moment of reading. Its writer is
/// the only one who publishes entries, so all entries that it has posted are there.
#[derive(Debug)]
pub struct PublishedEntries {
    /// Makes the sessions.
    pub sessions: Arc<Sessions>,
    /// The state.
    pub publisher: Arc<Publisher>,
    /// The ledger's name.
    pub ledger: Arc<str>,
}

#[async_trait]
impl EntryReader for PublishedEntries {
    async fn read(&self, entries: &[i64]) -> Result<RecordBatch> {
        let ctx = self.sessions.session_at(self.publisher.current());
        let wanted = entries.iter().map(|e| lit(*e)).collect();
        let frame = ctx
            .table(self.ledger.as_ref())
            .await?
            .filter(col("entry").in_list(wanted, false))?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await?;
        Ok(concat_batches(&schema, &batches)?)
    }
}
