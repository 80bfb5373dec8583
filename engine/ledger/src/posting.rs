//! What the flow brings when entries are posted: the occasion, and a way to read old entries.

use std::sync::Arc;

use arrow::array::{RecordBatch, StructArray, TimestampMicrosecondArray};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use common::Result;

/// The reason of a key's first entry.
pub const REASON_FIRST: &str = "first event";
/// The reason of a −1 and its +1 when an event that comes first was read later.
pub const REASON_EARLIER: &str = "earlier event";

/// Which part of Headwater an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A pipeline that reads its source.
    Live,
    /// A dead letter that was replayed.
    Recovered,
    /// A claim or a withdrawal of calibration.
    Calibration,
    /// A device that was known before Headwater: it has a sign, but no credit.
    Legacy,
}

impl EntryKind {
    /// The word in the column `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Recovered => "recovered",
            Self::Calibration => "calibration",
            Self::Legacy => "legacy",
        }
    }

    /// The credit of a +1 of this kind.
    pub fn credit(self) -> i32 {
        match self {
            Self::Live | Self::Recovered | Self::Calibration => 1,
            Self::Legacy => 0,
        }
    }
}

/// The rows that are posted, as the pipeline brought them; all parts have the same length.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The columns that the ledger declares.
    pub rows: &'a RecordBatch,
    /// When each record was received.
    pub received: &'a TimestampMicrosecondArray,
    /// The UTC hour of each record's Kafka timestamp.
    pub arrival_hour: &'a TimestampMicrosecondArray,
    /// Where each row comes from.
    pub position: &'a StructArray,
}

/// The occasion on which entries are posted, the same for all entries of one call.
#[derive(Debug, Clone)]
pub struct Posting {
    /// When.
    pub at: DateTime<Utc>,
    /// By which part.
    pub kind: EntryKind,
    /// By which run: the writer's epoch and start, or a calibration's id.
    pub run: Arc<str>,
    /// Why, where that is more than `first event` or `earlier event`: a calibration's cause.
    pub reason: Option<Arc<str>>,
}

/// Reads entries by their number, committed or still in the tail.
#[async_trait]
pub trait EntryReader: Send + Sync {
    /// The full rows of these entries, in any order; each once.
    async fn read(&self, entries: &[i64]) -> Result<RecordBatch>;
}
