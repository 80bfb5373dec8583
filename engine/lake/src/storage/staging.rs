//! The deletion of staging files that a crash left behind.

use std::io;
use std::path::Path as FilePath;
use std::time::Duration;

use common::{EngineError, Result};

use super::Storage;

/// What stands between a file's name and a number in the name of its staging file. `object_store`
/// doesn't list names that end in `#` and digits; the word tells them from files of other people.
pub(super) const STAGING: &str = ".headwater-staging#";

impl Storage {
    /// Deletes staging files of the local file system that nobody has written to for so long,
    /// and returns how many there were and their bytes. Other stores have none.
    ///
    /// # Errors
    /// [`common::Kind::Unavailable`] if a folder cannot be listed, or a file not deleted.
    pub async fn sweep_staging(&self, age_min: Duration) -> Result<(u64, u64)> {
        let Some(folder) = self.folder().map(FilePath::to_owned) else {
            return Ok((0, 0));
        };
        let place = folder.display().to_string();
        let mut swept = (0, 0);
        tokio::task::spawn_blocking(move || sweep(&folder, age_min, &mut swept).map(|()| swept))
            .await
            .map_err(|e| EngineError::internal("a sweep was cut off").caused_by(e))?
            .map_err(|e| {
                EngineError::unavailable(format!("cannot sweep staging files in {place}"))
                    .caused_by(e)
            })
    }
}

fn sweep(folder: &FilePath, age_min: Duration, swept: &mut (u64, u64)) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sweep(&entry.path(), age_min, swept)?;
            continue;
        }
        if !entry.file_name().to_str().is_some_and(is_staging) {
            continue;
        }
        // Its writer may rename it at any moment: one that is gone is no error.
        let deleted = entry.metadata().and_then(|file| {
            let age = file.modified()?.elapsed().unwrap_or_default();
            if age >= age_min {
                std::fs::remove_file(entry.path())?;
                *swept = (swept.0 + 1, swept.1 + file.len());
            }
            Ok(())
        });
        match deleted {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

fn is_staging(name: &str) -> bool {
    name.rsplit_once(STAGING)
        .is_some_and(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}
