//! The finishing of groups whose writer stopped between the commit point and the last table.

use super::commits_table::{COMMITS, COMMITS_LOCATION};
use super::intent::Intent;
use super::put::put_table;
use crate::delta::log;
use crate::storage::Storage;
use common::{EngineError, Result};

/// Puts every table's commit of the groups `first..=last`, in group order. What is there already
/// stays.
pub(super) async fn roll_forward(storage: &Storage, first: i64, last: i64) -> Result<()> {
    for group in first..=last {
        let intent = read_intent(storage, group).await?.ok_or_else(|| {
            EngineError::data(format!(
                "version {group} of {COMMITS} is missing in {}; restore it from a backup",
                storage.url()
            ))
        })?;
        for table in &intent.tables {
            put_table(storage, group, table).await?;
        }
    }
    Ok(())
}

/// Who committed a group, told by its version of `system.commits` alone; `None` where there is no
/// such version. Groups that took an epoch have a writer too, though no row.
///
/// # Errors
/// [`common::Kind::Unavailable`] if storage doesn't answer, [`common::Kind::Data`] for a version that
/// is not a group.
pub async fn group_writer(storage: &Storage, group: i64) -> Result<Option<String>> {
    Ok(read_intent(storage, group)
        .await?
        .map(|intent| intent.writer))
}

/// The intent of a group; `None` where there is no such version.
///
/// # Errors
/// [`common::Kind::Data`] for a version that is not a group.
pub(super) async fn read_intent(storage: &Storage, group: i64) -> Result<Option<Intent>> {
    let Some(lines) = log::read_version(storage, COMMITS_LOCATION, group).await? else {
        return Ok(None);
    };
    match Intent::of_entry(&lines)
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
