//! The folder that a local store lies in, and whether it is still in its place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FilePath, PathBuf};

use object_store::{Error, Result};
use rustix::fs::{AtFlags, Mode, OFlags};

use super::local_io::STORE;

/// A folder that is held open. While it is moved away, or something is mounted over it, or what
/// was mounted there is gone, what is found by its path is not it: a file that is missing there is
/// not lost, and one that is written there would be. So files are written by their paths below the
/// folder that is held, never by paths that begin at the root of the file system.
#[derive(Debug)]
pub(super) struct RootFolder {
    path: PathBuf,
    /// That it is held keeps its number, too, from being given to another.
    folder: File,
}

impl RootFolder {
    /// A folder that exists.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let folder = File::open(&path)?;
        Ok(Self { path, folder })
    }

    pub(super) fn path(&self) -> &FilePath {
        &self.path
    }

    /// Checks that the path still leads to the folder.
    ///
    /// # Errors
    /// [`Error::Generic`], which passes: the folder may come back.
    pub(super) fn check(&self) -> Result<()> {
        let number = |of: fs::Metadata| (of.dev(), of.ino());
        let opened = self.folder.metadata().map(number);
        let why = match (fs::metadata(&self.path).map(number), opened) {
            (Ok(found), Ok(opened)) if found == opened => return Ok(()),
            (Ok(_), Ok(_)) => "another folder is in its place; put it back, or start again to use \
                               the other one"
                .to_owned(),
            (Err(e), _) | (_, Err(e)) => e.to_string(),
        };
        Err(Error::Generic {
            store: STORE,
            source: format!("folder {} is away: {why}", self.path.display()).into(),
        })
    }

    /// Makes a file that is not there yet, at a path below the folder.
    pub(super) fn create_new(&self, path: &FilePath) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, path, flags, Mode::from_raw_mode(0o666))?;
        Ok(File::from(file))
    }

    /// Makes a folder; one that is there already is as good.
    pub(super) fn make_folder(&self, path: &FilePath) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.folder, path, Mode::from_raw_mode(0o777)) {
            Err(e) if e != rustix::io::Errno::EXIST => Err(e.into()),
            _ => Ok(()),
        }
    }

    pub(super) fn rename(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, from, &self.folder, to)?)
    }

    /// Gives a file another name, which must be free.
    pub(super) fn link(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        let none = AtFlags::empty();
        Ok(rustix::fs::linkat(
            &self.folder,
            from,
            &self.folder,
            to,
            none,
        )?)
    }

    pub(super) fn remove(&self, path: &FilePath) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, path, AtFlags::empty())?)
    }

    /// Has a file, or the names in a folder, on disk when it returns.
    pub(super) fn sync(&self, path: &FilePath) -> io::Result<()> {
        let path = if path.as_os_str().is_empty() {
            FilePath::new(".")
        } else {
            path
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.folder, path, flags, Mode::empty())?;
        File::from(opened).sync_all()
    }

    /// Has the name of what lies at `path` on disk when it returns.
    pub(super) fn sync_parent(&self, path: &FilePath) -> io::Result<()> {
        self.sync(path.parent().unwrap_or(FilePath::new("")))
    }

    /// The same error, or, where something was not found since the folder is away, that.
    pub(super) fn explain(&self, e: Error) -> Error {
        match e {
            Error::NotFound { .. } => self.check().err().unwrap_or(e),
            e => e,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_folder_that_is_moved_is_away_until_it_is_back() {
        let above = tempfile::tempdir().unwrap();
        let (path, aside) = (above.path().join("root"), above.path().join("aside"));
        fs::create_dir(&path).unwrap();
        let root = RootFolder::open(path.clone()).unwrap();
        root.check().unwrap();

        fs::rename(&path, &aside).unwrap();
        let told = root.check().unwrap_err().to_string();
        assert!(told.contains("is away"), "{told}");
        fs::create_dir(&path).unwrap();
        let told = root.check().unwrap_err().to_string();
        assert!(told.contains("another folder is in its place"), "{told}");

        // What is written meanwhile is written where the folder is.
        root.make_folder(FilePath::new("a")).unwrap();
        root.create_new(FilePath::new("a/x")).unwrap();
        root.rename(FilePath::new("a/x"), FilePath::new("a/y"))
            .unwrap();
        root.link(FilePath::new("a/y"), FilePath::new("a/z"))
            .unwrap();
        let taken = root.link(FilePath::new("a/y"), FilePath::new("a/z"));
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        root.remove(FilePath::new("a/y")).unwrap();
        root.sync_parent(FilePath::new("a/z")).unwrap();
        root.sync_parent(FilePath::new("a")).unwrap();
        assert!(aside.join("a/z").exists() && !aside.join("a/y").exists());
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);

        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        root.check().unwrap();
    }
}
