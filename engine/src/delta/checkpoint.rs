//! The making of a checkpoint, which a reader loads instead of the log before it.

use std::sync::Arc;

use deltalake_core::{DeltaTableBuilder, checkpoints};
use url::Url;

use crate::error::{EngineError, Result};
use crate::storage::Storage;

/// Writes the checkpoint of a table at a version. It costs time and memory in proportion to the
/// table's active files: call it off the ingest path.
///
/// # Errors
/// [`crate::Kind::Unavailable`]; nothing depends on a checkpoint, so that the caller may go on.
pub async fn create(storage: &Storage, location: &str, version: i64) -> Result<()> {
    let failed = |e: deltalake_core::DeltaTableError| {
        EngineError::unavailable(format!(
            "cannot make the checkpoint of {location} at version {version} in {}",
            storage.url()
        ))
        .caused_by(e)
    };
    let known_version = u64::try_from(version).map_err(|e| {
        EngineError::internal(format!("{location} has version {version}")).caused_by(e)
    })?;
    // The store is rooted at the storage root whatever it is; the library only takes paths from
    // this URL. With the scheme `file` it would look for them on the disk as well.
    let url = Url::parse(&format!("memory:///{}/", location.trim_matches('/'))).map_err(|e| {
        EngineError::internal(format!("location {location} is no path")).caused_by(e)
    })?;
    let table = DeltaTableBuilder::from_url(url.clone())
        .map_err(failed)?
        .with_storage_backend(Arc::clone(storage.store()), url)
        .with_version(known_version)
        .load()
        .await
        .map_err(failed)?;
    checkpoints::create_checkpoint(&table, None)
        .await
        .map_err(failed)
}
