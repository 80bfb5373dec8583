//! What a stored table is: its name, columns and partitioning, and what kind of writer it has.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

/// Folders below the storage root that are the engine's own: no table lies in them.
pub const RESERVED_FOLDERS: [&str; 2] = ["system", "cache"];

/// What writes a table, and what the engine therefore knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// Rows that a pipeline inserts (`STORED AS DELTA`).
    Events,
    /// First-seen entries (`STORED AS LEDGER`).
    Ledger(LedgerDef),
    /// Records and elements that could not become a row.
    DeadLetters,
    /// Raw records, still encrypted.
    Archive,
    /// One row a commit group; its Delta log is the sequence of commit groups.
    Commits,
}

/// A term of a ledger's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderTerm {
    /// The record's Kafka or collector time.
    Received,
    /// The event's own time after the clock rule.
    EventTime,
    /// Eight bytes that make the order of equal times independent of arrival.
    Tie,
    /// The channel, as UTF-8 bytes, null last.
    Channel,
}

impl OrderTerm {
    /// All terms.
    pub const ALL: [Self; 4] = [Self::Received, Self::EventTime, Self::Tie, Self::Channel];

    /// What SQL calls it: the column that it reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::EventTime => "event_time",
            Self::Tie => "tie",
            Self::Channel => "channel",
        }
    }
}

/// The options of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerDef {
    /// The columns whose combination is a key, e.g. `product, device`.
    pub key: Vec<String>,
    /// The order that decides who came first; the position is always its last term.
    pub order: Vec<OrderTerm>,
}

/// A stored Delta table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDef {
    /// The name that SQL uses: lower case, without a schema.
    pub name: Arc<str>,
    /// The folder below the storage root.
    pub location: String,
    /// What writes it.
    pub kind: TableKind,
    /// All stored columns in order, the engine's own included.
    pub schema: SchemaRef,
    /// The names of the columns it is partitioned by.
    pub partition_by: Vec<String>,
    /// The comment that clients see.
    pub comment: Option<String>,
}
