//! The SQL folder that ships, inside the binary.

use std::path::Path;

use crate::failure::Outcome;

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../sql/", $path)))),*]
    };
}

/// Path below the folder, and content.
const FILES: &[(&str, &str)] = shipped![
    "sources/mobile.sql",
    "dimensions/products.sql",
    "tables/events.sql",
    "ledgers/new_user_ledger.sql",
    "pipelines/mobile_events.sql",
    "pipelines/new_users.sql",
    "metrics/new_users.sql",
    "metrics/new_users_hourly.sql",
    "metrics/new_users_daily.sql",
    "metrics/new_users_cumulative.sql",
    "metrics/new_users_by_channel.sql",
    "metrics/reading_progress.sql",
];

/// Writes the folder.
pub fn write_sql(folder: &Path) -> Outcome {
    for (path, content) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_ships() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sql"));
        let mut found = Vec::new();
        for folder in std::fs::read_dir(root).unwrap() {
            let folder = folder.unwrap().path();
            if !folder.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
        let mut shipped: Vec<_> = FILES.iter().map(|f| f.0.to_owned()).collect();
        found.sort();
        shipped.sort();
        assert_eq!(found, shipped);
    }
}
