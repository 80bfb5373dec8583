//! Calls to the file system in the terms of `object_store`.

use std::io;
use std::path::Path as FilePath;

use object_store::{Error, Result};

/// The local store's name in errors.
pub(super) const STORE: &str = "DurableLocal";

/// An I/O error in the terms of `object_store`.
pub(super) fn io_error(path: &FilePath, e: io::Error) -> Error {
    let path = path.display().to_string();
    match e.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists {
            path,
            source: e.into(),
        },
        io::ErrorKind::NotFound => Error::NotFound {
            path,
            source: e.into(),
        },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::PermissionDenied {
                path,
                source: e.into(),
            }
        }
        _ => Error::Generic {
            store: STORE,
            source: format!("{path}: {e}").into(),
        },
    }
}

/// Runs file system calls where they block nobody.
pub(super) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|source| Error::JoinError { source })?
}
