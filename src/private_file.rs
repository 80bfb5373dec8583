//! A file that only its owner may read, while it is changed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The place of a private file. As long as it is held, others that change a file in the same folder
/// wait: two that read, add and write at once would lose what one of them added.
pub struct PrivateFile {
    path: PathBuf,
    folder: PathBuf,
    _locked: File,
}

impl PrivateFile {
    /// Waits for its turn. A link is followed: what it leads to is what is changed.
    ///
    /// # Errors
    /// Where the folder is not there or can't be locked, or a link leads nowhere.
    pub fn lock(path: &Path) -> Outcome<Self> {
        let path = match fs::canonicalize(path) {
            Err(_) if path.is_symlink() => {
                let nowhere = format!("{} is a link that leads nowhere", path.display());
                return Err(Failure::invalid(vec![nowhere]));
            }
            resolved => resolved.unwrap_or_else(|_| path.to_owned()),
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let about = |e: io::Error| {
            let place = folder.display();
            let remedy = match e.kind() {
                ErrorKind::NotFound => format!("; make it with `mkdir -p {place}`"),
                _ => String::new(),
            };
            Failure::invalid(vec![format!("folder {place} cannot be used: {e}{remedy}")])
        };
        let locked = File::open(&folder).map_err(about)?;
        match locked.lock() {
            // Some file systems have no locks; then nobody waits.
            Err(e) if e.kind() != ErrorKind::Unsupported => return Err(about(e)),
            _ => {}
        }
        Ok(Self {
            path,
            folder,
            _locked: locked,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a new file, readable by its owner only, in place of the old one, or where none is. A
    /// reader sees the one or the other, and both survive a crash.
    pub fn replace(&self, text: &str) -> io::Result<()> {
        // Such a file is its owner's from its first moment on, and goes if it isn't kept.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        File::open(&self.folder)?.sync_all()
    }
}
