//! The finishing of groups whose writer stopped between the commit point and the last table.

use common::{EngineError, Result};

use super::commits_table::COMMITS;
use super::intent::Intent;
use super::put::put_table;
use crate::storage::Storage;

/// Puts every table's commit of the groups `first..=last`, in group order. What is there already
/// stays.
pub(super) async fn roll_forward(storage: &Storage, first: i64, last: i64) -> Result<()> {
    for group in first..=last {
        let intent = Intent::read(storage, group).await?.ok_or_else(|| {
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
    Ok(Intent::read(storage, group)
        .await?
        .map(|intent| intent.writer))
}
