//! A multipart upload to the local file system that is on disk before it has a name.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::local_io::{blocking, io_error};
use super::root_folder::RootFolder;

/// Parts go to a staging file at the offsets given by the order of the calls; completing syncs
/// it, renames it, and syncs the folder.
#[derive(Debug)]
pub(super) struct DurableUpload {
    root: Arc<RootFolder>,
    file: Arc<File>,
    staging: PathBuf,
    path: PathBuf,
    next_offset: u64,
    named: bool,
}

impl DurableUpload {
    /// An upload into a staging file; both paths are below the root.
    pub(super) fn new(root: Arc<RootFolder>, file: File, staging: PathBuf, path: PathBuf) -> Self {
        Self {
            root,
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
        let root = self.root.clone();
        blocking(move || {
            file.sync_all()
                .and_then(|()| root.rename(&staging, &path))
                .and_then(|()| root.sync_parent(&path))
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
        let (root, staging) = (self.root.clone(), self.staging.clone());
        let path = self.path.clone();
        self.named = true;
        blocking(move || root.remove(&staging).map_err(|e| io_error(&path, e))).await
    }
}

impl Drop for DurableUpload {
    fn drop(&mut self) {
        if !self.named {
            let _ = self.root.remove(&self.staging);
        }
    }
}
