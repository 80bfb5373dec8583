//! A multipart upload to the local file system that is on disk before it has a name.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::durable::{blocking, io_error};
use super::synced_folders::sync_parent;

/// Parts go to a staging file at the offsets given by the order of the calls; completing syncs
/// it, renames it, and syncs the folder.
#[derive(Debug)]
pub(super) struct DurableUpload {
    file: Arc<File>,
    staging: PathBuf,
    path: PathBuf,
    next_offset: u64,
    named: bool,
}

impl DurableUpload {
    pub(super) fn new(file: File, staging: PathBuf, path: PathBuf) -> Self {
        Self {
            file: Arc::new(file),
            staging,
            path,
            next_offset: 0,
            named: false,
        }
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let mut offset = self.next_offset;
        self.next_offset += data.content_length() as u64;
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || {
            for part in data.iter() {
                file.write_all_at(part, offset)
                    .map_err(|e| io_error(&path, e))?;
                offset += part.len() as u64;
            }
            Ok(())
        })
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (file, staging, path) = (self.file.clone(), self.staging.clone(), self.path.clone());
        blocking(move || {
            file.sync_all()
                .and_then(|()| fs::rename(&staging, &path))
                .and_then(|()| sync_parent(&path))
                .map_err(|e| io_error(&path, e))
        })
        .await?;
        self.named = true;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn abort(&mut self) -> Result<()> {
        let (staging, path) = (self.staging.clone(), self.path.clone());
        self.named = true;
        blocking(move || fs::remove_file(&staging).map_err(|e| io_error(&path, e))).await
    }
}

impl Drop for DurableUpload {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(&self.staging);
        }
    }
}
