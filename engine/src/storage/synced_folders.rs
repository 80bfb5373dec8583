//! Which folders of a local store have reached the disk.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path as FilePath, PathBuf};

use parking_lot::Mutex;

/// How many folders are remembered; beyond, all are forgotten, which costs a few syncs more.
const FOLDERS_MAX: usize = 10_000;

/// The folders below a root whose names are known to be on disk, so that each is synced once by a
/// process, not at each put.
///
/// A folder that is simply there does not count: a thread that is making it, or a process that
/// crashed, may not have got as far as syncing its name, and a file in it would be lost with it.
#[derive(Debug)]
pub(super) struct SyncedFolders {
    root: PathBuf,
    known: Mutex<HashSet<PathBuf>>,
}

impl SyncedFolders {
    /// Of a root that is on disk itself.
    pub(super) fn below(root: PathBuf) -> Self {
        Self {
            root,
            known: Mutex::default(),
        }
    }

    /// Makes a folder, with those above it, and has their names on disk when it returns.
    pub(super) fn ensure(&self, folder: &FilePath) -> io::Result<()> {
        if folder == self.root || self.known.lock().contains(folder) {
            return Ok(());
        }
        let Some(above) = folder.parent() else {
            return Ok(());
        };
        self.ensure(above)?;
        match fs::create_dir(folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        sync_parent(folder)?;
        let mut known = self.known.lock();
        if known.len() >= FOLDERS_MAX {
            known.clear();
        }
        known.insert(folder.to_owned());
        Ok(())
    }

    /// Forgets all, for a folder that turned out to be gone.
    pub(super) fn forget(&self) {
        self.known.lock().clear();
    }
}

/// Syncs the folder that holds `path`.
pub(super) fn sync_parent(path: &FilePath) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_folder_that_somebody_else_made_is_synced_before_it_counts() {
        let root = tempfile::tempdir().unwrap();
        let folders = SyncedFolders::below(root.path().to_owned());
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        folders.ensure(&deep).unwrap();
        for folder in [root.path().join("a"), deep] {
            assert!(folders.known.lock().contains(&folder), "{folder:?}");
        }
    }

    #[test]
    fn a_folder_that_is_gone_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let folders = SyncedFolders::below(root.path().to_owned());
        let deep = root.path().join("a/b");
        folders.ensure(&deep).unwrap();
        fs::remove_dir_all(root.path().join("a")).unwrap();
        folders.forget();
        folders.ensure(&deep).unwrap();
        assert!(deep.is_dir());
    }
}
