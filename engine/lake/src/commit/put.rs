//! The put of a version until it is there: the same bytes, the same version, whatever happens.

use std::time::Duration;

use bytes::Bytes;
use common::{EngineError, Kind, Result};
use tokio::time::timeout;

use super::commits_table::COMMITS_LOCATION;
use super::decide::{
    EntryVerdict, FoundEntry, FoundGroup, GroupVerdict, decide_entry, decide_group,
};
use super::draft::WriterId;
use super::intent::{Intent, TableIntent};
use crate::delta::log;
use crate::delta::log::PutOutcome;
use crate::storage::{Backoff, Storage};

/// A put without an answer for so long counts as unknown. It may land later: it is the same entry.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a version that exists is put again.
const UNREADABLE: &str = "the version exists, but cannot be read";

/// Puts a group at its version of `system.commits` until what is there decides.
///
/// # Errors
/// [`Kind::Data`] if what is there is not a group of Headwater's, or cannot be read.
pub(super) async fn put_group(
    storage: &Storage,
    version: i64,
    bytes: Bytes,
    writer: &WriterId,
    epoch: i64,
) -> Result<GroupVerdict> {
    let mut backoff = Backoff::default();
    loop {
        let problem = match try_put(storage, COMMITS_LOCATION, version, bytes.clone()).await {
            Tried::Landed => return Ok(GroupVerdict::Committed),
            Tried::Unknown(problem) => problem,
            Tried::Exists => match found_group(storage, version).await {
                Ok(Some(found)) => return Ok(decide_group(found, writer.as_str(), epoch)),
                Ok(None) => UNREADABLE.to_owned(),
                Err(e) if e.kind == Kind::Unavailable => UNREADABLE.to_owned(),
                Err(e) => return Err(e),
            },
        };
        backoff
            .wait(&format!("putting commit group {version}"), &problem)
            .await;
    }
}

/// Whose a version of `system.commits` is; `None` where there is no such version.
///
/// # Errors
/// [`Kind::Data`] for a version that is not a group.
pub(super) async fn found_group(storage: &Storage, version: i64) -> Result<Option<FoundGroup>> {
    let intent = Intent::read(storage, version).await?;
    Ok(intent.map(|Intent { epoch, writer, .. }| FoundGroup { epoch, writer }))
}

/// Puts a table's commit at the version that its group pins, until it is there.
///
/// # Errors
/// [`Kind::Data`], naming the version, if somebody else's entry is there.
pub(super) async fn put_table(storage: &Storage, group: i64, table: &TableIntent) -> Result<()> {
    let bytes = entry_bytes(table);
    let (location, version) = (table.location.as_str(), table.version);
    let mut backoff = Backoff::default();
    loop {
        let problem = match try_put(storage, location, version, bytes.clone()).await {
            Tried::Landed => return Ok(()),
            Tried::Unknown(problem) => problem,
            Tried::Exists => match decide_entry(found_entry(storage, table).await?, group) {
                EntryVerdict::Done => return Ok(()),
                EntryVerdict::PutAgain => UNREADABLE.to_owned(),
                EntryVerdict::Foreign => {
                    return Err(EngineError::data(format!(
                        "version {version} of table {} ({} in {}) is not commit group {group}'s: \
                         the file was cut off, or something other than Headwater wrote to the table; \
                         find out which, and remove that version before starting again",
                        table.name,
                        log::entry_path(location, version),
                        storage.url()
                    )));
                }
            },
        };
        let what = format!(
            "putting group {group} as version {version} of table {}",
            table.name
        );
        backoff.wait(&what, &problem).await;
    }
}

/// What the version is that a group pins in a table.
async fn found_entry(storage: &Storage, table: &TableIntent) -> Result<FoundEntry> {
    match log::read_version(storage, &table.location, table.version).await {
        Ok(None) => Ok(FoundEntry::Nothing),
        Ok(Some(lines)) => {
            Ok(log::group_of(&lines).map_or(FoundEntry::Foreign, FoundEntry::OfGroup))
        }
        Err(e) if e.kind == Kind::Unavailable => Ok(FoundEntry::Nothing),
        Err(e) => Err(e),
    }
}

/// A table's log entry.
fn entry_bytes(table: &TableIntent) -> Bytes {
    let mut bytes = String::new();
    for action in &table.actions {
        bytes.push_str(action.get());
        bytes.push('\n');
    }
    Bytes::from(bytes)
}

/// What one put came to.
enum Tried {
    /// The entry is there, durably, and it is this one.
    Landed,
    /// The version is there, durably; whose it is must be read.
    Exists,
    /// It may be there or not. To find it there by reading would not do: its name may not have
    /// reached the disk, which only another put makes sure of.
    Unknown(String),
}

async fn try_put(storage: &Storage, location: &str, version: i64, bytes: Bytes) -> Tried {
    match timeout(
        ANSWER_TIMEOUT,
        log::put_version(storage, location, version, bytes),
    )
    .await
    {
        Ok(PutOutcome::Landed) => Tried::Landed,
        Ok(PutOutcome::Exists) => Tried::Exists,
        Ok(PutOutcome::Unknown(e)) => Tried::Unknown(e.to_string()),
        Err(_) => Tried::Unknown("storage did not answer".to_owned()),
    }
}
