//! The log entries of a group, to the byte.

use std::collections::BTreeMap;

use bytes::Bytes;
use common::{DataFile, EngineError, Result};
use serde_json::value::RawValue;

use super::draft::{GroupKind, WriterId};
use super::intent::{FORMAT, Intent, NextOffset, TableIntent};
use super::standing::{Standing, TablePin};
use crate::delta::actions::{ActionLine, Add, Txn, line};

/// What the entries of one group have in common.
pub(super) struct Entry {
    pub group: i64,
    pub epoch: i64,
    pub at_us: i64,
    pub operation: &'static str,
}

impl Entry {
    /// A table's part of the group: `commitInfo`, `txn`, and its own actions.
    pub(super) fn table_intent(
        &self,
        name: &str,
        pin: &TablePin,
        actions: Vec<ActionLine>,
    ) -> Result<TableIntent> {
        let mut lines = vec![
            self.commit_info(serde_json::json!({"group": self.group, "epoch": self.epoch}))?,
            line(&self.txn())?,
        ];
        for action in &actions {
            lines.push(line(action)?);
        }
        Ok(TableIntent {
            name: name.to_owned(),
            location: pin.location.clone(),
            version: pin.version,
            actions: lines,
        })
    }

    fn txn(&self) -> ActionLine {
        ActionLine {
            txn: Some(Txn::of_group(self.group, self.at_us / 1000)),
            ..ActionLine::default()
        }
    }

    fn commit_info(&self, headwater: impl serde::Serialize) -> Result<Box<RawValue>> {
        let unwritable =
            |e| EngineError::internal("a group's intent cannot be written as JSON").caused_by(e);
        let info = CommitInfo {
            timestamp: self.at_us / 1000,
            operation: self.operation,
            operation_parameters: BTreeMap::new(),
            engine_info: concat!("headwater/", env!("CARGO_PKG_VERSION")),
            is_blind_append: true,
            headwater,
        };
        line(&ActionLine {
            commit_info: Some(serde_json::value::to_raw_value(&info).map_err(unwritable)?),
            ..ActionLine::default()
        })
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfo<T> {
    timestamp: i64,
    operation: &'static str,
    operation_parameters: BTreeMap<String, String>,
    engine_info: &'static str,
    is_blind_append: bool,
    headwater: T,
}

/// What an intent says about its writer.
pub(super) struct IntentHeader<'a> {
    pub kind: GroupKind,
    pub epoch: i64,
    pub writer: &'a WriterId,
    pub at_us: i64,
}

impl IntentHeader<'_> {
    /// The intent of the group that leads to `next`.
    pub(super) fn intent(&self, next: &Standing, tables: Vec<TableIntent>) -> Intent {
        Intent {
            format: FORMAT,
            group: next.group,
            epoch: self.epoch,
            writer: self.writer.to_string(),
            kind: self.kind,
            committed_at_us: self.at_us,
            applied_through: next.applied_through,
            tables,
            versions: next
                .pins
                .iter()
                .map(|(name, pin)| (name.to_string(), pin.clone()))
                .collect(),
            offsets: NextOffset::all_of(&next.offsets),
            incarnations: next.incarnations.iter().map(Into::into).collect(),
            counts: Vec::new(),
            configuration_hash: next.configuration_hash.clone(),
            dimension_versions: next.dimension_versions.clone(),
            key_version: next.key_version.clone(),
            last_entries: next
                .last_entries
                .iter()
                .map(|(ledger, entry)| (ledger.to_string(), *entry))
                .collect(),
        }
    }
}

/// The entry of `system.commits` for an intent: with the file of its row, if it has one, and the
/// actions that make the table, if it is the first.
pub(super) fn group_bytes(
    intent: &Intent,
    row_file: Option<&DataFile>,
    new_table: &[ActionLine],
) -> Result<Bytes> {
    let entry = Entry {
        group: intent.group,
        epoch: intent.epoch,
        at_us: intent.committed_at_us,
        operation: "WRITE",
    };
    let mut lines = vec![entry.commit_info(intent)?, line(&entry.txn())?];
    for action in new_table {
        lines.push(line(action)?);
    }
    if let Some(file) = row_file {
        lines.push(line(&ActionLine {
            add: Some(Add::of(file)),
            ..ActionLine::default()
        })?);
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(line.get());
        text.push('\n');
    }
    Ok(Bytes::from(text))
}
