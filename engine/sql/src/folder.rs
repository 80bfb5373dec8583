//! The files of a SQL folder, by the kind of object that they declare.

use std::path::{Path, PathBuf};

use common::near_name::suggestion;

use super::fault::Fault;

/// What the files of a subfolder declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Declares {
    Source,
    Dimension,
    Table,
    Ledger,
    Pipeline,
    Metric,
}

const FOLDERS: [(&str, Declares); 6] = [
    ("sources", Declares::Source),
    ("dimensions", Declares::Dimension),
    ("tables", Declares::Table),
    ("ledgers", Declares::Ledger),
    ("pipelines", Declares::Pipeline),
    ("metrics", Declares::Metric),
];

const LATER: [&str; 2] = ["alerts", "schedules"];

/// Lists the `.sql` files of the folder, sorted by kind and name, and what lies where it can't.
pub(super) fn files(folder: &Path) -> (Vec<(Declares, PathBuf)>, Vec<Fault>) {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    let paths = entries(folder).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    for path in paths {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if !path.is_dir() {
            if is_sql(&path) {
                faults.push(
                    Fault::of_file(&path, "is in none of the folders").help(format!(
                        "move it to {}",
                        FOLDERS.map(|f| f.0).join("/, ") + "/"
                    )),
                );
            }
            continue;
        }
        let statements: Vec<PathBuf> = match entries(&path) {
            Ok(entries) => entries.into_iter().filter(|p| is_sql(p)).collect(),
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        if let Some((_, declares)) = FOLDERS.iter().find(|(known, _)| *known == name) {
            files.extend(statements.into_iter().map(|p| (*declares, p)));
        } else if LATER.contains(&name) {
            faults.extend(statements.iter().map(|p| {
                Fault::of_file(p, format!("{name} are not supported by this version"))
                    .help(format!("leave {name}/ empty"))
            }));
        } else if !name.starts_with('.') && !statements.is_empty() {
            let known = FOLDERS.iter().map(|f| f.0).chain(LATER);
            faults.push(
                Fault::of_file(&path, "is no folder of the configuration")
                    .help_if_any(suggestion(name, known)),
            );
        }
    }
    if files.is_empty() && faults.is_empty() {
        faults.push(holds_nothing(folder));
    }
    files.sort();
    (files, faults)
}

/// A folder that holds no file of a configuration is a wrong one: a server that took it would read
/// nothing, and push the right one out of the storage.
fn holds_nothing(folder: &Path) -> Fault {
    let folders = FOLDERS.map(|f| f.0).join("/, ");
    fault_of(folder, format!("no `.sql` file is in any of {folders}/"))
}

fn fault_of(folder: &Path, message: String) -> Fault {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    Fault::of_file(&whole, message)
        .help("sql.folder names the folder of the SQL files, `headwater check` takes --sql")
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let fault = |e| fault_of(folder, format!("folder cannot be read: {e}"));
    let mut paths = std::fs::read_dir(folder)
        .map_err(fault)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault)?;
    paths.sort();
    Ok(paths)
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "sql")
        && path
            .file_stem()
            .and_then(|s| s.to_str())
            .is_some_and(|s| !s.starts_with('.'))
}
