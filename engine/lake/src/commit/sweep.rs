//! The deletion of files that no commit references.

use std::time::Duration;

use common::{EngineError, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStoreExt};

use super::standing::TablePins;
use crate::delta::snapshot;
use crate::parquet_files::FileName;
use crate::storage::Storage;

/// A file is staged for seconds; older ones are of a process that is gone.
const STAGING_AGE_MIN: Duration = Duration::from_secs(3600);

/// Deletes the data files that writers of lower epochs left without a commit: they crashed, or
/// were fenced, between writing files and the commit point.
///
/// It exists only after a roll-forward ([`super::Committer::sweeper`]), so that every group of a
/// lower epoch that will ever be committed is applied. Files of its own epoch are never touched,
/// nor files that any entry of a log ever added. It lists whole tables: call it on demand, off
/// the ingest path.
#[derive(Debug, Clone)]
pub struct Sweeper {
    storage: Storage,
    epoch: i64,
    pins: TablePins,
}

/// What was deleted, and what could not be looked through.
#[derive(Debug, Default)]
pub struct Swept {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why tables were left as they are; each is named.
    pub failed: Vec<EngineError>,
}

impl Sweeper {
    pub(super) fn new(storage: Storage, epoch: i64, pins: TablePins) -> Self {
        Self {
            storage,
            epoch,
            pins,
        }
    }

    /// Deletes what is unreferenced in all tables, and old staging files. Where something fails,
    /// the rest is swept all the same.
    pub async fn sweep_unreferenced(&self) -> Swept {
        let mut swept = Swept::default();
        match self.storage.sweep_staging(STAGING_AGE_MIN).await {
            Ok((files, bytes)) => {
                swept.files += files;
                swept.bytes += bytes;
            }
            Err(e) => swept.failed.push(e.context("staging files")),
        }
        for (name, pin) in &self.pins {
            let done = self.sweep_table(&pin.location, pin.version, &mut swept);
            if let Err(e) = done.await {
                swept.failed.push(e.context(format!("table {name}")));
            }
        }
        swept
    }

    async fn sweep_table(&self, location: &str, version: i64, swept: &mut Swept) -> Result<()> {
        // The version pinned when the sweeper was made has every file of a lower epoch.
        let table = snapshot::load(&self.storage, location, version).await?;
        let folder = Path::from(location);
        let failed = |e: Error| {
            EngineError::unavailable(format!("cannot sweep {folder} in {}", self.storage.url()))
                .caused_by(e)
        };
        let store = self.storage.store();
        let mut listed = store.list(Some(&folder)).boxed();
        let mut unreferenced: Vec<ObjectMeta> = Vec::new();
        while let Some(file) = listed.try_next().await.map_err(failed)? {
            let Some(path) = below(&folder, &file.location) else {
                continue;
            };
            if FileName::parse(&path).is_some_and(|name| name.epoch < self.epoch)
                && !table.knows(&path)
            {
                unreferenced.push(file);
            }
        }
        for file in unreferenced {
            match store.delete(&file.location).await {
                Ok(()) => {
                    swept.files += 1;
                    swept.bytes += file.size;
                }
                Err(Error::NotFound { .. }) => {}
                Err(e) => return Err(failed(e)),
            }
        }
        Ok(())
    }
}

fn below(folder: &Path, file: &Path) -> Option<String> {
    let parts: Vec<String> = file
        .prefix_match(folder)?
        .map(|part| part.as_ref().to_owned())
        .collect();
    Some(parts.join("/"))
}
