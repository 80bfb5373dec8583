//! The one committer of the sequence.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::commits_table::{COMMITS, COMMITS_LOCATION, commits_table, row};
use super::decide::GroupVerdict;
use super::draft::{GroupDraft, GroupKind, WriterId};
use super::intent::{FORMAT, Intent, NextOffset, TableIntent};
use super::put::{put_group, put_table};
use super::standing::{Standing, TablePin, TablePins};
use super::sweep::Sweeper;
use crate::clock;
use crate::delta::actions::{ActionLine, Add, Txn, line};
use crate::error::{EngineError, Result};
use crate::parquet_files::{self, FileNaming};
use crate::storage::Storage;
use crate::values::DataFile;

/// Writes the sequence of commit groups. There is one a storage root; a second one that is opened
/// fences the first.
#[derive(Debug)]
pub struct Committer {
    pub(super) storage: Storage,
    pub(super) writer: WriterId,
    pub(super) epoch: i64,
    pub(super) standing: Standing,
    /// Set while a commit is under way: if it ends early, only opening again tells what is there.
    pub(super) unsettled: bool,
}

/// A group that is durable, in all its tables.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The group's number.
    pub group: i64,
    /// The version of every table after it, `system.commits` included.
    pub pins: TablePins,
    /// The file that it added to `system.commits`.
    pub row_file: DataFile,
}

impl Committer {
    /// The number of the group that the next [`commit`](Self::commit) makes.
    pub fn next_group(&self) -> i64 {
        self.standing.next_group()
    }

    /// The epoch that this writer took.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// How files of the next group are named.
    pub fn naming(&self) -> FileNaming {
        FileNaming {
            epoch: self.epoch,
            group: self.next_group(),
        }
    }

    /// The version of every table, `system.commits` included.
    pub fn pins(&self) -> TablePins {
        let mut pins = self.standing.pins.clone();
        let commits = TablePin {
            location: COMMITS_LOCATION.to_owned(),
            version: self.standing.group,
        };
        pins.insert(Arc::from(COMMITS), commits);
        pins
    }

    /// What deletes the files that no commit references, for a task of its own.
    pub fn sweeper(&self) -> Sweeper {
        Sweeper::new(self.storage.clone(), self.epoch, self.pins())
    }

    /// Commits a group: its row, its version of `system.commits`, then each table's commit in the
    /// order of the tables' names. Storage that is away is waited for, without end. When this
    /// returns, everything is durable.
    ///
    /// # Errors
    /// [`crate::Kind::Conflict`] if another writer took a higher epoch (it is named): nothing of
    /// the group is committed and no table was touched; stop. [`crate::Kind::Data`] if something
    /// else writes to a log. [`crate::Kind::Internal`] if the draft contradicts the sequence.
    /// After any error, and if the returned future is dropped, the committer is of no more use.
    pub async fn commit(&mut self, draft: GroupDraft) -> Result<Committed> {
        if self.unsettled {
            return Err(EngineError::internal(
                "an earlier commit was cut off; the storage must be opened again",
            ));
        }
        self.unsettled = true;
        let (intent, next) = self.plan(&draft)?;
        let row_file = self.write_row(&intent, &draft).await?;
        let bytes = group_bytes(&intent, Some(&row_file), &[])?;
        let verdict =
            put_group(&self.storage, intent.group, bytes, &self.writer, self.epoch).await?;
        self.check(verdict, intent.group)?;
        for table in &intent.tables {
            put_table(&self.storage, intent.group, table).await?;
        }
        self.standing = Standing {
            applied_through: intent.group,
            ..next
        };
        self.unsettled = false;
        Ok(Committed {
            group: intent.group,
            pins: self.pins(),
            row_file,
        })
    }

    /// The intent of a draft, and what the sequence stands at after it.
    fn plan(&self, draft: &GroupDraft) -> Result<(Intent, Standing)> {
        let mut next = self.standing.clone();
        next.advance(draft)?;
        next.group = self.next_group();
        let now_us = clock::now_us();
        let mut files: BTreeMap<&Arc<str>, Vec<&DataFile>> = BTreeMap::new();
        for (table, added) in &draft.tables {
            files.entry(table).or_default().extend(added);
        }
        files.retain(|_, added| !added.is_empty());
        let mut tables = Vec::with_capacity(files.len());
        for (name, added) in files {
            let pin = next.pins.get_mut(name).ok_or_else(|| {
                EngineError::internal(format!(
                    "group {} has files for table {name}, which was not opened",
                    next.group
                ))
            })?;
            pin.version += 1;
            let adds = added.into_iter().map(|file| ActionLine {
                add: Some(Add::of(file)),
                ..ActionLine::default()
            });
            let entry = Entry {
                group: next.group,
                epoch: self.epoch,
                at_us: now_us,
                operation: "WRITE",
            };
            tables.push(entry.table_intent(name, pin, adds.collect())?);
        }
        let header = IntentHeader {
            kind: draft.kind,
            epoch: self.epoch,
            writer: &self.writer,
            at_us: now_us,
        };
        let mut intent = header.intent(&next, tables);
        intent.counts = draft.counts.iter().map(Into::into).collect();
        Ok((intent, next))
    }

    async fn write_row(&self, intent: &Intent, draft: &GroupDraft) -> Result<DataFile> {
        let row = row(intent, &draft.tables)?;
        let naming = self.naming();
        let files = parquet_files::write(&commits_table(), &[row], &naming, &self.storage).await?;
        files
            .into_iter()
            .next()
            .ok_or_else(|| EngineError::internal("a group's row made no file"))
    }

    fn check(&self, verdict: GroupVerdict, group: i64) -> Result<()> {
        match verdict {
            GroupVerdict::Committed => Ok(()),
            GroupVerdict::Fenced { epoch, writer } => Err(EngineError::conflict(format!(
                "fenced: writer {writer} has taken epoch {epoch} on {}, this one ({}) had epoch \
                 {}; stop one of the two servers",
                self.storage.url(),
                self.writer,
                self.epoch
            ))),
            GroupVerdict::Taken { epoch, writer } => Err(EngineError::data(format!(
                "version {group} of {COMMITS} in {} is of writer {writer} with epoch {epoch}, \
                 which epoch {} of this writer rules out; call a person",
                self.storage.url(),
                self.epoch
            ))),
            GroupVerdict::Foreign | GroupVerdict::PutAgain => Err(EngineError::data(format!(
                "version {group} of {COMMITS} in {} was not written by Headwater; find out what \
                 writes there, and remove that version before starting again",
                self.storage.url()
            ))),
        }
    }
}

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

    fn commit_info(
        &self,
        headwater: impl serde::Serialize,
    ) -> Result<Box<serde_json::value::RawValue>> {
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
            last_entry: next.last_entry,
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
