//! What a group's `commitInfo` says: everything that a successor needs to finish the group.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{EngineError, OffsetKey, Offsets, Result, TopicPartition};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::commits_table::{COMMITS, COMMITS_LOCATION};
use super::draft::{GroupKind, Incarnation, PartitionCount};
use super::standing::{Standing, TablePin};
use crate::delta::actions::ActionLine;
use crate::delta::log;
use crate::storage::Storage;

/// The format of intents that this version writes and reads.
pub const FORMAT: i32 = 1;

/// The intent of a group, stored under `commitInfo.headwater` of its version of `system.commits`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    /// The format; a reader refuses a newer one.
    pub format: i32,
    /// The group's number, which is also the version.
    pub group: i64,
    /// The epoch of the writer.
    pub epoch: i64,
    /// The writer's id.
    pub writer: String,
    /// What the group is for.
    pub kind: GroupKind,
    /// Microseconds since the epoch.
    pub committed_at_us: i64,
    /// The group up to which all tables are known to have their commits.
    pub applied_through: i64,
    /// The tables that the group touches, in the order of their commits.
    pub tables: Vec<TableIntent>,
    /// Every table's version once the group is applied, touched or not.
    pub versions: BTreeMap<String, TablePin>,
    /// Every pipeline's next offset of every topic partition, moved or not.
    pub offsets: Vec<NextOffset>,
    /// Every incarnation given so far.
    pub incarnations: Vec<StoredIncarnation>,
    /// What became of the group's records.
    pub counts: Vec<StoredCount>,
    /// The configuration that the rows were made with.
    pub configuration_hash: String,
    /// The version of each dimension.
    pub dimension_versions: BTreeMap<String, String>,
    /// The version of the key ring.
    pub key_version: String,
    /// The last entry's number of every ledger that ever posted, by its name; each ledger counts
    /// for itself.
    pub last_entries: BTreeMap<String, i64>,
}

/// One table's part of a group: its log entry, to the byte.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableIntent {
    /// The table's name.
    pub name: String,
    /// Its folder below the storage root.
    pub location: String,
    /// The version that its commit has, and no other.
    pub version: i64,
    /// The lines of the entry.
    pub actions: Vec<Box<RawValue>>,
}

/// A next offset, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NextOffset {
    pub pipeline: String,
    pub topic: String,
    pub incarnation: i32,
    pub partition: i32,
    pub next_offset: i64,
}

/// An [`Incarnation`], as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredIncarnation {
    pub topic: String,
    pub topic_id: String,
    pub incarnation: i32,
}

/// A [`PartitionCount`], as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredCount {
    pub source: String,
    pub pipeline: String,
    pub topic: String,
    pub incarnation: i32,
    pub partition: i32,
    pub records: i64,
    pub opened: i64,
    pub elements: i64,
    pub events: i64,
    pub dead_letters: i64,
    pub filtered: i64,
}

/// The part of `commitInfo` that tells an intent.
#[derive(Deserialize)]
struct Stored {
    headwater: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: i32,
}

impl Intent {
    /// The intent of a group; `None` where `system.commits` has no such version.
    ///
    /// # Errors
    /// [`common::Kind::Data`] for a version that is not a group.
    pub(super) async fn read(storage: &Storage, group: i64) -> Result<Option<Self>> {
        let Some(lines) = log::read_version(storage, COMMITS_LOCATION, group).await? else {
            return Ok(None);
        };
        match Self::of_entry(&lines)
            .map_err(|e| e.context(format!("version {group} of {COMMITS}")))?
        {
            Some(intent) => Ok(Some(intent)),
            None => Err(EngineError::data(format!(
                "version {group} of {COMMITS} in {} was not written by Headwater; find out what \
                 writes there, and remove that version before starting again",
                storage.url()
            ))),
        }
    }

    /// The intent in an entry of `system.commits`; `None` where the entry has none, hence is not
    /// Headwater's.
    ///
    /// # Errors
    /// [`common::Kind::Data`] for a newer format, or an intent that doesn't parse.
    pub fn of_entry(lines: &[ActionLine]) -> Result<Option<Self>> {
        let Some(info) = lines.iter().find_map(|line| line.commit_info.as_ref()) else {
            return Ok(None);
        };
        let Ok(Stored {
            headwater: Some(intent),
        }) = serde_json::from_str::<Stored>(info.get())
        else {
            return Ok(None);
        };
        let unreadable = |e| {
            EngineError::data(
                "a commit group's intent does not parse: the file is damaged, restore it from a \
                 backup",
            )
            .caused_by(e)
        };
        let format: FormatOnly = serde_json::from_str(intent.get()).map_err(unreadable)?;
        if format.format > FORMAT {
            return Err(EngineError::data(format!(
                "a commit group has format {}, this version of Headwater knows {FORMAT}; run a \
                 newer version",
                format.format
            )));
        }
        serde_json::from_str(intent.get())
            .map(Some)
            .map_err(unreadable)
    }

    /// What the sequence stands at once this group is committed.
    pub fn standing(&self) -> Standing {
        Standing {
            group: self.group,
            applied_through: self.applied_through,
            pins: self
                .versions
                .iter()
                .map(|(name, pin)| (Arc::from(name.as_str()), pin.clone()))
                .collect(),
            offsets: self.next_offsets(),
            incarnations: self
                .incarnations
                .iter()
                .map(|known| Incarnation {
                    topic: Arc::from(known.topic.as_str()),
                    topic_id: Arc::from(known.topic_id.as_str()),
                    incarnation: known.incarnation,
                })
                .collect(),
            configuration_hash: self.configuration_hash.clone(),
            dimension_versions: self.dimension_versions.clone(),
            key_version: self.key_version.clone(),
            last_entries: self
                .last_entries
                .iter()
                .map(|(ledger, entry)| (Arc::from(ledger.as_str()), *entry))
                .collect(),
        }
    }

    fn next_offsets(&self) -> Offsets {
        self.offsets
            .iter()
            .map(|next| {
                let key = OffsetKey {
                    pipeline: Arc::from(next.pipeline.as_str()),
                    at: TopicPartition {
                        topic: Arc::from(next.topic.as_str()),
                        incarnation: next.incarnation,
                        partition: next.partition,
                    },
                };
                (key, next.next_offset)
            })
            .collect()
    }
}

impl NextOffset {
    pub(super) fn all_of(offsets: &Offsets) -> Vec<Self> {
        offsets
            .iter()
            .map(|(key, next_offset)| Self {
                pipeline: key.pipeline.to_string(),
                topic: key.at.topic.to_string(),
                incarnation: key.at.incarnation,
                partition: key.at.partition,
                next_offset: *next_offset,
            })
            .collect()
    }
}

impl From<&Incarnation> for StoredIncarnation {
    fn from(known: &Incarnation) -> Self {
        Self {
            topic: known.topic.to_string(),
            topic_id: known.topic_id.to_string(),
            incarnation: known.incarnation,
        }
    }
}

impl From<&PartitionCount> for StoredCount {
    fn from(count: &PartitionCount) -> Self {
        Self {
            source: count.source.to_string(),
            pipeline: count.pipeline.to_string(),
            topic: count.at.topic.to_string(),
            incarnation: count.at.incarnation,
            partition: count.at.partition,
            records: count.records,
            opened: count.opened,
            elements: count.elements,
            events: count.events,
            dead_letters: count.dead_letters,
            filtered: count.filtered,
        }
    }
}
