//! Files with a secret: a password or a token, or tokens one a line.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The one line of a file. What is wrong with it is told without showing it.
pub fn read_line(file: &Path) -> Result<String, String> {
    let mut lines = read_lines(file)?;
    match (lines.len(), lines.pop()) {
        (1, Some(line)) => Ok(line),
        _ => Err(format!("{}: one line was expected", file.display())),
    }
}

/// The lines of a file that hold something. Only line ends are taken off: a blank at either end of a
/// secret is part of it.
pub fn read_lines(file: &Path) -> Result<Vec<String>, String> {
    let place = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| {
        format!("{place}: {e}; it names a file with the secret on a line of its own")
    })?;
    let lines: Vec<String> = text
        .split(['\r', '\n'])
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    if lines.is_empty() {
        return Err(format!("{place}: nothing stands in the file"));
    }
    warn_if_others_read(file);
    Ok(lines)
}

fn warn_if_others_read(file: &Path) {
    let Ok(metadata) = std::fs::metadata(file) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        let place = file.display();
        eprintln!(
            "warning: others than its owner may read {place} (mode {mode:03o}); run `chmod 600 \
             {place}`"
        );
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_are_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (text, secret) in [
            ("word", Some("word")),
            ("word\n", Some("word")),
            (" wo rd \r\n", Some(" wo rd ")),
            ("", None),
            ("\r\n", None),
            (" \n", None),
            ("one\ntwo\n", None),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read_line(&file).ok().as_deref(), secret, "{text:?}");
        }
        std::fs::write(&file, "one\n\ntwo\n").unwrap();
        assert_eq!(read_lines(&file).unwrap(), ["one", "two"]);
        let gone = read_line(&folder.path().join("gone")).unwrap_err();
        assert!(gone.contains("gone: "), "{gone}");
    }
}
