//! What a commit group is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use common::{DataFile, LastEntries, Offsets, TopicPartition};
use serde::{Deserialize, Serialize};

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// A writer took the epoch; the group holds no rows, but may make tables.
    Epoch,
    /// Rows that were published from the sources.
    #[default]
    Ingest,
}

impl GroupKind {
    /// The word that `system.commits` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Ingest => "ingest",
        }
    }
}

/// Who writes: another value for each start of a process, so that a version that is found can be
/// told to be one's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WriterId(Arc<str>);

impl WriterId {
    /// An id never used before, with the process id for people who read it.
    pub fn unique() -> Self {
        Self(Arc::from(format!(
            "{}-{}",
            std::process::id(),
            uuid::Uuid::new_v4()
        )))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for WriterId {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which topic of a name a number stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incarnation {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The id that Kafka gave it.
    pub topic_id: Arc<str>,
    /// The number, from 0.
    pub incarnation: i32,
}

/// What became of the records of one topic partition in one pipeline. Each number is counted
/// where it arises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionCount {
    /// The source's name.
    pub source: Arc<str>,
    /// The pipeline's name.
    pub pipeline: Arc<str>,
    /// The topic partition.
    pub at: TopicPartition,
    /// Records read.
    pub records: i64,
    /// Records that the pipeline opened: those of which an element, or the lack of one, arose.
    pub opened: i64,
    /// Elements that the records held.
    pub elements: i64,
    /// Rows for the sink.
    pub events: i64,
    /// Rows rejected.
    pub dead_letters: i64,
    /// Rows that the pipeline's WHERE left out.
    pub filtered: i64,
}

impl PartitionCount {
    /// Whether nothing was lost or doubled: each record that was read was opened, and each element
    /// has exactly one outcome.
    pub fn is_balanced(&self) -> bool {
        self.records == self.opened
            && self.elements == self.events + self.dead_letters + self.filtered
    }
}

/// A group before it is committed. Its files are durable already.
#[derive(Debug, Clone, Default)]
pub struct GroupDraft {
    /// What it is for.
    pub kind: GroupKind,
    /// The new files of each table; a table without new files may be left out.
    pub tables: Vec<(Arc<str>, Vec<DataFile>)>,
    /// The next offsets after this group. What is left out stays as it was.
    pub offsets: Offsets,
    /// Incarnations known. What is left out stays as it was.
    pub incarnations: Vec<Incarnation>,
    /// What became of the records.
    pub counts: Vec<PartitionCount>,
    /// The configuration that the rows were made with.
    pub configuration_hash: String,
    /// The version of each dimension, by name.
    pub dimension_versions: BTreeMap<String, String>,
    /// The version of the key ring.
    pub key_version: String,
    /// The last entry's number of each ledger. What is left out stays as it was.
    pub last_entries: LastEntries,
}
