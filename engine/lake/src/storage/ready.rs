//! The check at start that storage can do what commits need.

use bytes::Bytes;
use common::{EngineError, Result};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions};

use super::Storage;

impl Storage {
    /// Writes, reads and deletes a probe, checks that a put if absent refuses a name that is
    /// taken, and, on a local disk, that `free_bytes_min` bytes are free.
    ///
    /// # Errors
    /// Each names the place and what to do: [`common::Kind::Unavailable`] for storage that
    /// cannot be written, [`common::Kind::Exhausted`] for a full disk, [`common::Kind::Invalid`]
    /// for a store without conditional puts.
    pub async fn check_ready(&self, free_bytes_min: u64) -> Result<()> {
        self.check_space(free_bytes_min)?;
        let path = Path::from(format!("system/probe-{}", uuid::Uuid::new_v4()));
        let outcome = self.probe(&path).await;
        // A probe that stays behind is harmless, and the outcome says more than this error would.
        let deleted = self.store().delete(&path).await;
        outcome?;
        deleted.map_err(|e| {
            EngineError::unavailable(format!(
                "storage {}: cannot delete {path}; grant the right to delete",
                self.url()
            ))
            .caused_by(e)
        })
    }

    async fn probe(&self, path: &Path) -> Result<()> {
        let create = PutOptions::from(PutMode::Create);
        let bytes = Bytes::from_static(b"headwater");
        self.store()
            .put_opts(path, bytes.clone().into(), create.clone())
            .await
            .map_err(|e| {
                EngineError::unavailable(format!(
                    "storage {} is not writable; check the path, its owner and the credentials",
                    self.url()
                ))
                .caused_by(e)
            })?;
        if self.get_file(path).await?.as_ref() != Some(&bytes) {
            return Err(EngineError::unavailable(format!(
                "storage {}: {path} does not read back as written",
                self.url()
            )));
        }
        match self.store().put_opts(path, bytes.into(), create).await {
            Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(e) => Err(EngineError::invalid(format!(
                "storage {}: a put if absent fails oddly on a name that is taken; use a store \
                 with conditional puts (for S3 the option `conditional_put = \"etag\"`)",
                self.url()
            ))
            .caused_by(e)),
            Ok(_) => Err(EngineError::invalid(format!(
                "storage {}: a put if absent replaces what is there; commits need a store with \
                 conditional puts (for S3 the option `conditional_put = \"etag\"`)",
                self.url()
            ))),
        }
    }

    fn check_space(&self, free_bytes_min: u64) -> Result<()> {
        let Some(folder) = self.folder() else {
            return Ok(());
        };
        let fs = rustix::fs::statvfs(folder).map_err(|e| {
            EngineError::unavailable(format!(
                "cannot ask how much space is free in {}",
                folder.display()
            ))
            .caused_by(e)
        })?;
        let free_bytes = fs.f_bavail.saturating_mul(fs.f_frsize);
        if free_bytes < free_bytes_min {
            return Err(EngineError::exhausted(format!(
                "storage {}: {} MB are free, at least {} MB are needed; free some, or lower \
                 storage.free_bytes_min",
                folder.display(),
                free_bytes / 1_000_000,
                free_bytes_min.div_ceil(1_000_000)
            )));
        }
        Ok(())
    }
}
