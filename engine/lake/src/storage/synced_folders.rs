//! Which folders of a local store have reached the disk.

use std::collections::HashSet;
use std::io;
use std::path::{Path as FilePath, PathBuf};

use parking_lot::Mutex;

use super::root_folder::RootFolder;

/// How many folders are remembered; beyond, all are forgotten, which costs a few syncs more.
const FOLDERS_MAX: usize = 10_000;

/// The folders below a root whose names are known to be on disk, so that each is synced once by a
/// process, not at each put.
///
/// A folder that is simply there does not count: a thread that is making it, or a process that
/// crashed, may not have got as far as syncing its name, and a file in it would be lost with it.
#[derive(Debug, Default)]
pub(super) struct SyncedFolders {
    known: Mutex<HashSet<PathBuf>>,
}

impl SyncedFolders {
    /// Makes a folder at a path below the root, with those above it, and has their names on disk
    /// when it returns.
    pub(super) fn ensure(&self, root: &RootFolder, folder: &FilePath) -> io::Result<()> {
        if folder.as_os_str().is_empty() || self.known.lock().contains(folder) {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.ensure(root, above)?;
        }
        root.make_folder(folder)?;
        root.sync_parent(folder)?;
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_somebody_else_made_is_synced_before_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootFolder::open(folder.path().to_owned()).unwrap();
        let folders = SyncedFolders::default();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        folders.ensure(&root, FilePath::new("a/b")).unwrap();
        for folder in ["a", "a/b"] {
            assert!(folders.known.lock().contains(FilePath::new(folder)));
        }
    }

    #[test]
    fn a_folder_that_is_gone_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootFolder::open(folder.path().to_owned()).unwrap();
        let folders = SyncedFolders::default();
        folders.ensure(&root, FilePath::new("a/b")).unwrap();
        fs::remove_dir_all(folder.path().join("a")).unwrap();
        folders.forget();
        folders.ensure(&root, FilePath::new("a/b")).unwrap();
        assert!(folder.path().join("a/b").is_dir());
    }
}
