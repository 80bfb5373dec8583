//! What the sequence of groups stands at after its last one.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{EngineError, LastEntries, Offsets, Result};
use serde::{Deserialize, Serialize};

use super::draft::{GroupDraft, Incarnation};

/// Where a table is, and which version the sequence pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePin {
    /// The folder below the storage root.
    pub location: String,
    /// The version.
    pub version: i64,
}

/// The pins of all tables that the sequence knows, by name.
pub type TablePins = BTreeMap<Arc<str>, TablePin>;

/// What each group carries on to the next.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The last group committed.
    pub group: i64,
    /// The group up to which all tables are known to have their commits.
    pub applied_through: i64,
    /// The tables' versions.
    pub pins: TablePins,
    /// The next offsets.
    pub offsets: Offsets,
    /// The incarnations given so far.
    pub incarnations: Vec<Incarnation>,
    /// The configuration of the last group.
    pub configuration_hash: String,
    /// The dimensions' versions at the last group.
    pub dimension_versions: BTreeMap<String, String>,
    /// The key ring's version at the last group.
    pub key_version: String,
    /// The last entry's number of every ledger that ever posted.
    pub last_entries: LastEntries,
}

impl Standing {
    /// The next group's number.
    pub fn next_group(&self) -> i64 {
        self.group + 1
    }

    /// Carries on what a draft says, all but the tables.
    ///
    /// # Errors
    /// [`common::Kind::Internal`] if an offset or a ledger's last entry would go back: committed rows
    /// would be read, or numbered, a second time.
    pub fn advance(&mut self, draft: &GroupDraft) -> Result<()> {
        for (key, next) in &draft.offsets {
            if let Some(before) = self.offsets.get(key)
                && before > next
            {
                return Err(EngineError::internal(format!(
                    "group {} would set the next offset of pipeline {} on {}[{}] back from \
                     {before} to {next}",
                    self.next_group(),
                    key.pipeline,
                    key.at.topic,
                    key.at.partition,
                )));
            }
        }
        for (ledger, next) in &draft.last_entries {
            if let Some(before) = self.last_entries.get(ledger)
                && before > next
            {
                return Err(EngineError::internal(format!(
                    "group {} would set the last entry of ledger {ledger} back from {before} to \
                     {next}",
                    self.next_group(),
                )));
            }
        }
        self.offsets
            .extend(draft.offsets.iter().map(|(key, next)| (key.clone(), *next)));
        for known in &draft.incarnations {
            if !self.incarnations.contains(known) {
                self.incarnations.push(known.clone());
            }
        }
        self.configuration_hash
            .clone_from(&draft.configuration_hash);
        self.dimension_versions
            .clone_from(&draft.dimension_versions);
        self.key_version.clone_from(&draft.key_version);
        self.last_entries.extend(
            draft
                .last_entries
                .iter()
                .map(|(ledger, entry)| (ledger.clone(), *entry)),
        );
        Ok(())
    }
}
