//! The folder that a local store lies in, and whether it is still in its place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FilePath, PathBuf};

use object_store::{Error, Result};

use super::durable::STORE;

/// A folder that is held open. While it is moved away, or something is mounted over it, or what
/// was mounted there is gone, what is found by its path is not it: a file that is missing there is
/// not lost, and one that is written there would be.
#[derive(Debug)]
pub(super) struct RootFolder {
    path: PathBuf,
    /// Keeps the folder's number from being given to another, where numbers are made up as folders
    /// are looked at.
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

        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        root.check().unwrap();
    }
}
