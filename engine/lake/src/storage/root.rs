//! The handle on the storage root.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use common::{EngineError, Result};
use object_store::aws::AmazonS3ConfigKey;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use url::Url;

use super::root_folder::RootFolder;
use super::{Backoff, DurableLocal, FaultPlan, Faulty};

/// An object store rooted at the configured URL. Cloning is cheap; all clones share the store.
#[derive(Debug, Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    url: Arc<str>,
    folder: Option<Arc<RootFolder>>,
}

impl Storage {
    /// Opens `file://…` or a plain path (made if it is not there), `s3://…` or any URL that
    /// `object_store` knows with its options, or `memory://` (a store of its own each time).
    pub fn open(url: &str, options: &BTreeMap<String, String>) -> Result<Self> {
        match Location::parse(url, options)? {
            Location::Folder(folder) => Self::open_folder(&folder),
            Location::Memory => Ok(Self::from_store(Arc::new(InMemory::new()), url)),
            Location::Remote(store) => Ok(Self::from_store(store, url)),
        }
    }

    /// Whether [`open`](Self::open) would take this URL and these options. Nothing is made, and
    /// nobody is asked.
    pub fn check(url: &str, options: &BTreeMap<String, String>) -> Result<()> {
        Location::parse(url, options).map(|_| ())
    }

    /// A root on any object store, for tests.
    pub fn from_store(store: Arc<dyn ObjectStore>, url: &str) -> Self {
        Self {
            store,
            url: Arc::from(url),
            folder: None,
        }
    }

    /// A root in memory, for tests.
    pub fn in_memory() -> Self {
        Self::from_store(Arc::new(InMemory::new()), "memory:///")
    }

    fn open_folder(folder: &FilePath) -> Result<Self> {
        let unusable = |e: std::io::Error| {
            EngineError::unavailable(format!(
                "storage folder {} cannot be made or opened; check the path and its owner",
                folder.display()
            ))
            .caused_by(e)
        };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let folder: PathBuf = std::fs::canonicalize(folder).map_err(unusable)?;
        let url = Url::from_directory_path(&folder).map_err(|()| {
            EngineError::invalid(format!(
                "storage folder {} is not absolute",
                folder.display()
            ))
        })?;
        let store = DurableLocal::new(&folder)?;
        Ok(Self {
            folder: Some(store.root().clone()),
            store: Arc::new(store),
            url: Arc::from(url.as_str()),
        })
    }

    /// The same root with injected faults.
    #[must_use]
    pub fn with_faults(mut self, plan: FaultPlan) -> Self {
        if !plan.is_empty() {
            self.store = Arc::new(Faulty::new(self.store, Arc::new(plan)));
        }
        self
    }

    /// The object store; its paths are below the root.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The root's URL, for messages and connection strings.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The root's folder, where it is a local one.
    pub fn folder(&self) -> Option<&FilePath> {
        self.folder.as_deref().map(RootFolder::path)
    }

    /// Checks that a local root is where it was; others have no place that they could leave.
    ///
    /// # Errors
    /// [`common::Kind::Unavailable`] while it is away.
    pub fn check_in_place(&self) -> Result<()> {
        Ok(self.folder.as_ref().map_or(Ok(()), |root| root.check())?)
    }

    /// Writes a file that only this writer names, again and again until it is there.
    pub async fn put_file(&self, path: &Path, bytes: impl Into<PutPayload>) {
        let bytes = bytes.into();
        let mut backoff = Backoff::default();
        while let Err(e) = self.store.put(path, bytes.clone()).await {
            let what = format!("writing {path} to {}", self.url);
            backoff.wait(&what, &e).await;
        }
    }

    /// Reads a file whole; `None` where there is none.
    pub async fn get_file(&self, path: &Path) -> Result<Option<Bytes>> {
        let unreadable = |e: object_store::Error| {
            EngineError::unavailable(format!("cannot read {path} in {}", self.url)).caused_by(e)
        };
        match self.store.get(path).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(unreadable)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(unreadable(e)),
        }
    }
}

/// What a storage URL names.
enum Location {
    Folder(PathBuf),
    Memory,
    Remote(Arc<dyn ObjectStore>),
}

impl Location {
    /// A folder, however it is spelled, but for the root of the whole file system.
    fn of_folder(url: &str, folder: PathBuf) -> Result<Self> {
        if std::fs::canonicalize(&folder).is_ok_and(|found| found.parent().is_none()) {
            return Err(EngineError::invalid(format!(
                "storage.url `{url}` is the root of the whole file system; name a folder of its own"
            )));
        }
        Ok(Self::Folder(folder))
    }

    fn parse(url: &str, options: &BTreeMap<String, String>) -> Result<Self> {
        if !url.contains("://") {
            check_options("file", options)?;
            return Self::of_folder(url, PathBuf::from(url));
        }
        let parsed = Url::parse(url).map_err(|e| {
            EngineError::invalid(format!(
                "storage.url `{url}` cannot be read; write file:///path or s3://bucket/prefix"
            ))
            .caused_by(e)
        })?;
        check_options(parsed.scheme(), options)?;
        match parsed.scheme() {
            "file" => match parsed.to_file_path() {
                Ok(folder) => Self::of_folder(url, folder),
                Err(()) => Err(EngineError::invalid(format!(
                    "storage.url `{url}` names no local folder; write file:///path"
                ))),
            },
            "memory" => Ok(Self::Memory),
            _ => {
                let (store, prefix) =
                    object_store::parse_url_opts(&parsed, options).map_err(|e| {
                        EngineError::invalid(format!(
                            "storage.url `{url}` or its options are not usable (it takes a path, \
                             file:///path or s3://bucket/prefix)"
                        ))
                        .caused_by(e)
                    })?;
                Ok(Self::Remote(if prefix.as_ref().is_empty() {
                    Arc::from(store)
                } else {
                    Arc::new(PrefixStore::new(store, prefix))
                }))
            }
        }
    }
}

/// Refuses options that `object_store` would pass over in silence.
fn check_options(scheme: &str, options: &BTreeMap<String, String>) -> Result<()> {
    let known = |name: &str| match scheme {
        "file" | "memory" => false,
        "s3" | "s3a" => AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase()).is_ok(),
        _ => true,
    };
    let unknown: Vec<String> = options
        .keys()
        .filter(|name| !known(name))
        .map(|name| format!("`{name}`"))
        .collect();
    match unknown.as_slice() {
        [] => Ok(()),
        names => Err(EngineError::invalid(format!(
            "storage.options: {} is not one of {scheme} storage; {}",
            names.join(", "),
            match scheme {
                "file" | "memory" => "it has none",
                _ => "they are named as in object_store, like `region` or `endpoint`",
            }
        ))),
    }
}
