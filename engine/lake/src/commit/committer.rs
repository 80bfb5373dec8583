//! The one committer of the sequence.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{DataFile, EngineError, Result, clock};

use super::commits_row::commits_row;
use super::commits_table::{COMMITS, COMMITS_LOCATION, commits_table};
use super::decide::{FoundGroup, GroupVerdict, decide_group};
use super::draft::{GroupDraft, WriterId};
use super::entry::{Entry, IntentHeader, group_bytes};
use super::intent::Intent;
use super::put::{found_group, put_group, put_table};
use super::standing::{Standing, TablePin, TablePins};
use super::sweep::Sweeper;
use crate::delta::actions::{ActionLine, Add};
use crate::parquet_files;
use crate::parquet_files::FileNaming;
use crate::storage::Storage;

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
    /// [`common::Kind::Conflict`] if another writer took a higher epoch (it is named): nothing of
    /// the group is committed and no table was touched; stop. [`common::Kind::Data`] if something
    /// else writes to a log. [`common::Kind::Internal`] if the draft contradicts the sequence.
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

    /// Checks that nobody else took the epoch, for a server that has nothing to commit.
    ///
    /// # Errors
    /// As [`commit`](Self::commit); [`common::Kind::Unavailable`] if storage doesn't answer.
    pub async fn check_epoch(&self) -> Result<()> {
        let next = self.next_group();
        match found_group(&self.storage, next).await? {
            None => Ok(()),
            Some(found) => self.check(decide_group(found, self.writer.as_str(), self.epoch), next),
        }
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
        let row = commits_row(intent, &draft.tables)?;
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
            GroupVerdict::Fenced(FoundGroup { epoch, writer }) => {
                Err(EngineError::conflict(format!(
                    "fenced: writer {writer} has taken epoch {epoch} on {}, this one ({}) had epoch \
                 {}; stop one of the two servers",
                    self.storage.url(),
                    self.writer,
                    self.epoch
                )))
            }
            GroupVerdict::Taken(FoundGroup { epoch, writer }) => Err(EngineError::data(format!(
                "version {group} of {COMMITS} in {} is of writer {writer} with epoch {epoch}, \
                 which epoch {} of this writer rules out; call a person",
                self.storage.url(),
                self.epoch
            ))),
        }
    }
}
