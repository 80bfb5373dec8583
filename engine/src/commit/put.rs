//! The put of a version until it is there: the same bytes, the same version, whatever happens.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::commits_table::COMMITS_LOCATION;
use super::decide::{
    EntryVerdict, FoundEntry, FoundGroup, GroupVerdict, decide_entry, decide_group,
};
use super::draft::WriterId;
use super::intent::{Intent, TableIntent};
use crate::delta::log::{self, PutOutcome};
use crate::error::{EngineError, Kind, Result};
use crate::storage::{Backoff, Storage};

/// A put without an answer for so long counts as unknown. It may land later: it is the same entry.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Puts a group at its version of `system.commits` until what is there decides.
///
/// # Errors
/// [`Kind::Data`] if what is there cannot be read as a log entry.
pub(super) async fn put_group(
    storage: &Storage,
    version: i64,
    bytes: Bytes,
    writer: &WriterId,
    epoch: i64,
) -> Result<GroupVerdict> {
    let mut backoff = Backoff::default();
    loop {
        let Some(problem) = try_put(storage, COMMITS_LOCATION, version, bytes.clone()).await else {
            return Ok(GroupVerdict::Committed);
        };
        let found = match found_group(storage, version).await {
            Err(e) if e.kind == Kind::Unavailable => FoundGroup::Nothing,
            found => found?,
        };
        match decide_group(found, writer.as_str(), epoch) {
            GroupVerdict::PutAgain => {
                backoff
                    .wait(&format!("putting commit group {version}"), &problem)
                    .await;
            }
            decided => return Ok(decided),
        }
    }
}

/// What a version of `system.commits` is.
pub(super) async fn found_group(storage: &Storage, version: i64) -> Result<FoundGroup> {
    Ok(
        match log::read_version(storage, COMMITS_LOCATION, version).await? {
            None => FoundGroup::Nothing,
            Some(lines) => match Intent::of_entry(&lines)? {
                Some(intent) => FoundGroup::Group {
                    epoch: intent.epoch,
                    writer: intent.writer,
                },
                None => FoundGroup::Foreign,
            },
        },
    )
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
        let Some(problem) = try_put(storage, location, version, bytes.clone()).await else {
            return Ok(());
        };
        let found = match log::read_version(storage, location, version).await {
            Ok(None) => FoundEntry::Nothing,
            Ok(Some(lines)) => {
                log::group_of(&lines).map_or(FoundEntry::Foreign, FoundEntry::OfGroup)
            }
            Err(e) if e.kind == Kind::Unavailable => FoundEntry::Nothing,
            Err(e) => return Err(e),
        };
        match decide_entry(found, group) {
            EntryVerdict::Done => return Ok(()),
            EntryVerdict::PutAgain => {
                let what = format!(
                    "putting group {group} as version {version} of table {}",
                    table.name
                );
                backoff.wait(&what, &problem).await;
            }
            EntryVerdict::Foreign => {
                return Err(EngineError::data(format!(
                    "version {version} of table {} ({} in {}) is not commit group {group}'s: \
                     something other than Headwater wrote to the table; find out what, and \
                     remove that version before starting again",
                    table.name,
                    log::entry_path(location, version),
                    storage.url()
                )));
            }
        }
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

/// Puts once; what stood in the way, if the entry is not known to have landed.
async fn try_put(storage: &Storage, location: &str, version: i64, bytes: Bytes) -> Option<String> {
    match timeout(
        ANSWER_TIMEOUT,
        log::put_version(storage, location, version, bytes),
    )
    .await
    {
        Ok(PutOutcome::Landed) => None,
        Ok(PutOutcome::Exists) => Some("the version exists".to_owned()),
        Ok(PutOutcome::Unknown(e)) => Some(e.to_string()),
        Err(_) => Some("storage did not answer".to_owned()),
    }
}
