//! The start of a writer: it takes the epoch, rolls forward, and tells what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use common::{
    DataFile, EngineError, LastEntries, Offsets, RESERVED_FOLDERS, Result, TableDef, clock,
};
use futures::TryStreamExt;
use object_store::path::Path;

use super::commits_table::{COMMITS, COMMITS_LOCATION, commits_table};
use super::committer::Committer;
use super::decide::GroupVerdict;
use super::draft::{GroupKind, Incarnation, WriterId};
use super::entry::{Entry, IntentHeader, group_bytes};
use super::intent::Intent;
use super::put::put_group;
use super::roll_forward::roll_forward;
use super::standing::{Standing, TablePin, TablePins};
use crate::delta::{check_same, log, new_table_actions, snapshot};
use crate::storage::Storage;

/// What a start found, once everything committed is applied.
#[derive(Debug)]
pub struct Recovered {
    /// The last group, which took the epoch.
    pub group: i64,
    /// The epoch taken.
    pub epoch: i64,
    /// Who had the epoch before, if anybody.
    pub previous_writer: Option<String>,
    /// The next offsets of every pipeline and topic partition.
    pub offsets: Offsets,
    /// The incarnations given so far.
    pub incarnations: Vec<Incarnation>,
    /// The last entry's number of every ledger that ever posted.
    pub last_entries: LastEntries,
    /// The tables that were asked for, by name, and `system.commits`.
    pub tables: BTreeMap<Arc<str>, RecoveredTable>,
    /// The configuration of the last group.
    pub configuration_hash: String,
    /// The dimensions' versions at the last group.
    pub dimension_versions: BTreeMap<String, String>,
    /// The key ring's version at the last group.
    pub key_version: String,
}

/// A table at the version that the last group pins.
#[derive(Debug)]
pub struct RecoveredTable {
    /// The version.
    pub version: i64,
    /// The active files, by path.
    pub files: Vec<DataFile>,
    /// The stored schema, which is the declared one.
    pub schema: SchemaRef,
}

impl Committer {
    /// Opens the sequence for writing: checks the tables against what is stored, takes the epoch
    /// (which makes the tables that are missing), and rolls forward what was committed and not
    /// yet applied.
    ///
    /// # Errors
    /// [`common::Kind::Invalid`] where a table differs from what is stored, or its folder holds
    /// something else: nothing was changed then. [`common::Kind::Data`] where a log is broken or
    /// somebody else wrote to it.
    pub async fn open(
        storage: Storage,
        tables: &[TableDef],
        writer: WriterId,
    ) -> Result<(Self, Recovered)> {
        let taken = take_epoch(&storage, tables, &writer).await?;
        let group = taken.intent.group;
        roll_forward(&storage, taken.intent.applied_through + 1, group).await?;
        let standing = Standing {
            applied_through: group,
            ..taken.intent.standing()
        };
        let committer = Self {
            storage,
            writer,
            epoch: taken.intent.epoch,
            standing,
            unsettled: false,
        };
        let recovered = committer.recovered(tables, taken.previous_writer).await?;
        Ok((committer, recovered))
    }

    async fn recovered(
        &self,
        tables: &[TableDef],
        previous_writer: Option<String>,
    ) -> Result<Recovered> {
        let pins = self.pins();
        let commits = commits_table();
        let mut found = BTreeMap::new();
        for table in tables.iter().chain([&commits]) {
            let pin = pins.get(&table.name).ok_or_else(|| {
                EngineError::internal(format!("table {} has no pinned version", table.name))
            })?;
            found.insert(
                table.name.clone(),
                load(&self.storage, table, pin, self.standing.group).await?,
            );
        }
        let standing = self.standing.clone();
        Ok(Recovered {
            group: standing.group,
            epoch: self.epoch,
            previous_writer,
            offsets: standing.offsets,
            incarnations: standing.incarnations,
            last_entries: standing.last_entries,
            tables: found,
            configuration_hash: standing.configuration_hash,
            dimension_versions: standing.dimension_versions,
            key_version: standing.key_version,
        })
    }
}

/// Loads a table at its pinned version, which must be its last.
async fn load(
    storage: &Storage,
    table: &TableDef,
    pin: &TablePin,
    group: i64,
) -> Result<RecoveredTable> {
    let stored = snapshot::load(storage, &pin.location, pin.version).await?;
    if stored.latest_version > pin.version {
        if let Some(next) = Intent::read(storage, group + 1).await? {
            return Err(EngineError::conflict(format!(
                "another server, {}, took the storage {} in epoch {} while this one started; this \
                 one stops and changes nothing",
                next.writer,
                storage.url(),
                next.epoch
            )));
        }
        return Err(EngineError::data(format!(
            "table {} has version {} ({} in {}), but the last commit group, {group}, pins version {}: \
             either {} is missing, and has to be restored from a backup, or something other than \
             Headwater wrote to the table; find out what, and remove that version before starting \
             again",
            table.name,
            stored.latest_version,
            log::entry_path(&pin.location, stored.latest_version),
            storage.url(),
            pin.version,
            log::entry_path(COMMITS_LOCATION, group + 1),
        )));
    }
    check_same(table, &stored.meta_data)?;
    Ok(RecoveredTable {
        version: pin.version,
        files: stored.files,
        schema: table.schema.clone(),
    })
}

/// The epoch, taken.
struct Taken {
    intent: Intent,
    previous_writer: Option<String>,
}

/// Puts an empty version with the next epoch behind the last one, as often as others come first.
async fn take_epoch(storage: &Storage, tables: &[TableDef], writer: &WriterId) -> Result<Taken> {
    let mut latest = log::list(storage, COMMITS_LOCATION).await?.latest();
    loop {
        let before = match latest {
            Some(group) => Intent::read(storage, group).await?,
            None => None,
        };
        let next = plan(storage, tables, writer, before.as_ref()).await?;
        let new_table = match before {
            Some(_) => Vec::new(),
            None => new_table_actions(&commits_table(), next.committed_at_us / 1000)?.into(),
        };
        let bytes = group_bytes(&next, None, &new_table)?;
        match put_group(storage, next.group, bytes, writer, next.epoch).await? {
            GroupVerdict::Committed => {
                return Ok(Taken {
                    intent: next,
                    previous_writer: before.map(|intent| intent.writer),
                });
            }
            GroupVerdict::Fenced(_) | GroupVerdict::Taken(_) => {
                latest = Some(next.group);
            }
        }
    }
}

/// The intent that takes the epoch after `before`, with the making of tables that are missing.
async fn plan(
    storage: &Storage,
    tables: &[TableDef],
    writer: &WriterId,
    before: Option<&Intent>,
) -> Result<Intent> {
    let mut next = match before {
        Some(before) => before.standing(),
        // Group 0 makes the sequence; nothing is before it.
        None => Standing {
            group: -1,
            applied_through: -1,
            ..Standing::default()
        },
    };
    check_places(tables, &next.pins)?;
    next.group += 1;
    let header = IntentHeader {
        kind: GroupKind::Epoch,
        epoch: before.map_or(0, |before| before.epoch) + 1,
        writer,
        at_us: clock::now_us(),
    };
    let entry = Entry {
        group: next.group,
        epoch: header.epoch,
        at_us: header.at_us,
        operation: "CREATE TABLE",
    };
    let sorted: BTreeMap<_, _> = tables.iter().map(|table| (&table.name, table)).collect();
    let mut made = Vec::new();
    for (name, table) in sorted {
        if let Some(pin) = next.pins.get(name) {
            check_known(storage, table, pin).await?;
            continue;
        }
        check_free(storage, table).await?;
        let pin = TablePin {
            location: table.location.clone(),
            version: 0,
        };
        let actions = new_table_actions(table, header.at_us / 1000)?;
        made.push(entry.table_intent(name, &pin, actions.into())?);
        next.pins.insert(name.clone(), pin);
    }
    Ok(header.intent(&next, made))
}

/// Checks a table that the sequence knows, as far as that is possible before rolling forward.
async fn check_known(storage: &Storage, table: &TableDef, pin: &TablePin) -> Result<()> {
    if pin.location != table.location {
        return Err(EngineError::invalid(format!(
            "table {} is stored in {}, declared in {}; tables cannot be moved: give it the \
             stored location, or another name",
            table.name, pin.location, table.location
        )));
    }
    let first = log::read_version(storage, &pin.location, 0).await?;
    let meta_data = first.into_iter().flatten().find_map(|line| line.meta_data);
    match meta_data {
        Some(stored) => check_same(table, &stored),
        None => Ok(()),
    }
}

/// Checks that nothing is where a new table is to be: another's files would be taken for leftovers.
async fn check_free(storage: &Storage, table: &TableDef) -> Result<()> {
    let folder = Path::from(table.location.as_str());
    match storage.store().list(Some(&folder)).try_next().await? {
        None => Ok(()),
        Some(found) => Err(EngineError::invalid(format!(
            "table {}: {} in {} already holds files that are not of this sequence of commits, such \
             as {}; move them away, or give the table another location",
            table.name,
            table.location,
            storage.url(),
            found.location
        ))),
    }
}

/// Checks that tables have names and folders of their own, apart from each other's and from those
/// of tables that are stored but no longer declared: these keep their files, and are swept.
fn check_places(tables: &[TableDef], pins: &TablePins) -> Result<()> {
    let mut names = BTreeSet::from([COMMITS]);
    let mut folders: Vec<(String, String)> = RESERVED_FOLDERS
        .iter()
        .map(|folder| ("the engine".to_owned(), (*folder).to_owned()))
        .collect();
    for (name, pin) in pins {
        if tables.iter().all(|table| table.name != *name) {
            let whose = format!("table {name}, which is stored but no longer declared,");
            folders.push((whose, pin.location.clone()));
        }
    }
    for table in tables {
        if !names.insert(&table.name) {
            return Err(EngineError::invalid(format!(
                "there are two tables {}",
                table.name
            )));
        }
        let folder = table.location.trim_matches('/').to_owned();
        if folder.is_empty() || folder != table.location || folder.split('/').any(|p| p == "..") {
            return Err(EngineError::invalid(format!(
                "table {}: location `{}` is not a folder below the storage root; write one like \
                 `{}`",
                table.name, table.location, table.name
            )));
        }
        for (other, its) in &folders {
            let within = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
            if within(&folder, its) || within(its, &folder) {
                return Err(EngineError::invalid(format!(
                    "table {}: location {folder} and {its} of {other} lie in each other; give \
                     each table a folder of its own",
                    table.name
                )));
            }
        }
        folders.push((format!("table {}", table.name), folder));
    }
    Ok(())
}
