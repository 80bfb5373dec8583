//! A local object store whose puts have reached the disk when they return.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::durable_upload::DurableUpload;
use super::local_io::{STORE, blocking, io_error};
use super::root_folder::RootFolder;
use super::staging::STAGING;
use super::synced_folders::SyncedFolders;

/// [`LocalFileSystem`] for everything but writing. A put writes and syncs a staging file, gives
/// it its name (a rename, or a hard link where the name must be free), and syncs the folder.
///
/// Staging files are named `<name>#<digits>`, which [`LocalFileSystem`] leaves out of listings.
/// Listings from an offset are sorted, as those of object stores are; Delta's readers count on it.
///
/// While the root folder is not in its place nothing is written, listed or deleted, and what is
/// missing is told as the folder's being away, which passes.
#[derive(Debug, Clone)]
pub struct DurableLocal {
    inner: Arc<LocalFileSystem>,
    root: Arc<RootFolder>,
    folders: Arc<SyncedFolders>,
}

impl DurableLocal {
    /// A store below `root`, which must exist.
    pub fn new(root: &FilePath) -> Result<Self> {
        let root = fs::canonicalize(root).map_err(|e| io_error(root, e))?;
        Ok(Self {
            inner: Arc::new(LocalFileSystem::new_with_prefix(&root)?),
            folders: Arc::default(),
            root: Arc::new(RootFolder::open(root.clone()).map_err(|e| io_error(&root, e))?),
        })
    }

    /// The folder that it lies in.
    pub(super) fn root(&self) -> &Arc<RootFolder> {
        &self.root
    }

    /// Where an object lies, below the root.
    fn file_path(&self, location: &Path) -> Result<PathBuf> {
        let path = self.inner.path_to_filesystem(location)?;
        match path.strip_prefix(self.root.path()) {
            Ok(below) => Ok(below.to_owned()),
            Err(_) => Err(Error::InvalidPath {
                source: object_store::path::Error::InvalidPath { path },
            }),
        }
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE}({})", self.root.path().display())
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let path = self.file_path(location)?;
        let (root, folders) = (self.root.clone(), self.folders.clone());
        blocking(move || {
            root.check()?;
            put(&root, &path, &folders, &payload, &opts.mode)
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.file_path(location)?;
        let (root, folders) = (self.root.clone(), self.folders.clone());
        blocking(move || {
            root.check()?;
            let (file, staging) = stage(&root, &path, &folders).map_err(|e| io_error(&path, e))?;
            Ok(Box::new(DurableUpload::new(root, file, staging, path)) as Box<dyn MultipartUpload>)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = self.inner.get_opts(location, options).await;
        got.map_err(|e| self.root.explain(e))
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>> {
        let got = self.inner.get_ranges(location, ranges).await;
        got.map_err(|e| self.root.explain(e))
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.root.check() {
            Ok(()) => self.inner.delete_stream(locations),
            Err(e) => stream::once(async { Err(e) }).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.root.check() {
            Ok(()) => self.inner.list(prefix),
            Err(e) => stream::once(async { Err(e) }).boxed(),
        }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (root, files) = (
            self.root.clone(),
            self.inner.list_with_offset(prefix, offset),
        );
        let sorted = async move {
            root.check()?;
            let mut files: Vec<ObjectMeta> = files.try_collect().await?;
            files.sort_unstable_by(|a, b| a.location.cmp(&b.location));
            Ok::<_, Error>(stream::iter(files.into_iter().map(Ok)))
        };
        sorted.try_flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.root.check()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.root.check()?;
        self.inner.copy_opts(from, to, options).await?;
        let to = self.file_path(to)?;
        let (root, folders) = (self.root.clone(), self.folders.clone());
        blocking(move || {
            ensure_parent(&root, &to, &folders)
                .and_then(|()| sync_file_and_folder(&root, &to))
                .map_err(|e| io_error(&to, e))
        })
        .await
    }
}

fn put(
    root: &RootFolder,
    path: &FilePath,
    folders: &SyncedFolders,
    payload: &PutPayload,
    mode: &PutMode,
) -> Result<PutResult> {
    let (mut file, staging) = stage(root, path, folders).map_err(|e| io_error(path, e))?;
    let named = payload
        .iter()
        .try_for_each(|part| file.write_all(part))
        .and_then(|()| file.sync_all())
        .and_then(|()| name_file(root, &staging, path, mode));
    if let Err(e) = named {
        // What is staged is of no use to anybody; that it stays behind is harmless.
        let _ = root.remove(&staging);
        if e.kind() == io::ErrorKind::AlreadyExists {
            // The name may have been taken by an earlier put of the caller's whose answer got
            // lost before the folder was synced.
            sync_file_and_folder(root, path).map_err(|e| io_error(path, e))?;
        }
        return Err(io_error(path, e));
    }
    root.sync_parent(path).map_err(|e| io_error(path, e))?;
    Ok(PutResult {
        e_tag: None,
        version: None,
    })
}

/// Gives a synced staging file its name.
fn name_file(
    root: &RootFolder,
    staging: &FilePath,
    path: &FilePath,
    mode: &PutMode,
) -> io::Result<()> {
    match mode {
        PutMode::Overwrite => root.rename(staging, path),
        PutMode::Create => {
            root.link(staging, path)?;
            let _ = root.remove(staging);
            Ok(())
        }
        PutMode::Update(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a local put cannot be conditional on a version",
        )),
    }
}

/// Creates the staging file of `path`, in a folder that is on disk.
fn stage(
    root: &RootFolder,
    path: &FilePath,
    folders: &SyncedFolders,
) -> io::Result<(File, PathBuf)> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("{STAGING}{}", uuid::Uuid::new_v4().as_u64_pair().0));
    let staging = PathBuf::from(name);
    ensure_parent(root, path, folders)?;
    match root.create_new(&staging) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            folders.forget();
            ensure_parent(root, path, folders)?;
            Ok((root.create_new(&staging)?, staging))
        }
        other => Ok((other?, staging)),
    }
}

fn ensure_parent(root: &RootFolder, path: &FilePath, folders: &SyncedFolders) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| folders.ensure(root, folder))
}

fn sync_file_and_folder(root: &RootFolder, path: &FilePath) -> io::Result<()> {
    root.sync(path)?;
    root.sync_parent(path)
}
