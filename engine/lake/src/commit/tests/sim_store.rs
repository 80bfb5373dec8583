//! A store in memory whose puts fail, lose their answer, or are the last thing their process did.

use std::fmt;
use std::future::pending;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::storage::Storage;

/// What happens to a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    FailsBefore,
    FailsAfterLanding,
    CrashBefore,
    CrashAfterLanding,
}

/// A choice of fates by the put's number, from 0, and its path.
pub(super) type Script = Box<dyn FnMut(usize, &str) -> Fate + Send>;

/// One process's view of a shared store.
pub(super) struct SimStore {
    inner: Arc<InMemory>,
    script: Mutex<(usize, Script)>,
    /// Told when the process is to be dropped.
    crashed: Arc<Notify>,
    /// The paths that this process has tried to put.
    puts: Arc<Mutex<Vec<String>>>,
}

/// A process: its storage, and what happens to it.
pub(super) struct Process {
    pub storage: Storage,
    pub crashed: Arc<Notify>,
    pub puts: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(super) fn on(inner: &Arc<InMemory>, script: Script) -> Self {
        let crashed = Arc::new(Notify::new());
        let puts = Arc::new(Mutex::new(Vec::new()));
        let store = SimStore {
            inner: inner.clone(),
            script: Mutex::new((0, script)),
            crashed: crashed.clone(),
            puts: puts.clone(),
        };
        Self {
            storage: Storage::from_store(Arc::new(store), "memory:///"),
            crashed,
            puts,
        }
    }

    pub(super) fn without_faults(inner: &Arc<InMemory>) -> Self {
        Self::on(inner, Box::new(|_, _| Fate::Fine))
    }

    /// Runs until it ends or crashes.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.crashed.notified() => None,
            done = work => Some(done),
        }
    }
}

impl SimStore {
    async fn crash<T>(&self) -> T {
        self.crashed.notify_one();
        pending().await
    }
}

fn fails<T>() -> Result<T> {
    Err(Error::Generic {
        store: "SimStore",
        source: "the network is away".into(),
    })
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimStore")
    }
}

impl fmt::Display for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimStore")
    }
}

#[async_trait]
impl ObjectStore for SimStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let fate = {
            let mut script = self.script.lock();
            let number = script.0;
            script.0 += 1;
            (script.1)(number, location.as_ref())
        };
        self.puts.lock().push(location.to_string());
        match fate {
            Fate::CrashBefore => return self.crash().await,
            Fate::FailsBefore => return fails(),
            Fate::Fine | Fate::FailsAfterLanding | Fate::CrashAfterLanding => {}
        }
        let result = self.inner.put_opts(location, payload, opts).await?;
        match fate {
            Fate::CrashAfterLanding => self.crash().await,
            Fate::FailsAfterLanding => fails(),
            Fate::Fine | Fate::FailsBefore | Fate::CrashBefore => Ok(result),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
