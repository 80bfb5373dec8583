//! What the tests of the SQL folder share: folders on disk, sessions, faults.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod folder_faults;
mod view_faults;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use udfs::keys::KeyRing;

use super::{Configuration, Fault, view_faults as faults_of_views};

fn session() -> SessionContext {
    let mut state = SessionStateBuilder::new().with_default_features().build();
    let secret: Vec<u8> = (0..32).collect();
    let keys = KeyRing::new([("m7".to_owned(), secret.into())]).unwrap();
    udfs::register_all(&mut state, &Arc::new(keys)).unwrap();
    SessionContext::new_with_state(state)
}

fn variables() -> BTreeMap<String, String> {
    [
        ("mobile_topic", "mobile-logs"),
        ("products_topic", "products"),
        ("zone", "Asia/Shanghai"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into()
}

/// A folder of files, given as (path, text).
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

const SOURCE: (&str, &str) = (
    "sources/raw.sql",
    "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION 'raw-logs'",
);
const DIMENSION: (&str, &str) = (
    "dimensions/apps.sql",
    "CREATE EXTERNAL TABLE apps (app STRING, product STRING NOT NULL, PRIMARY KEY (app))
     STORED AS UPSERT_KAFKA LOCATION 'apps'",
);
const TABLE: (&str, &str) = (
    "tables/seen.sql",
    "CREATE EXTERNAL TABLE seen (
         product STRING, device STRING NOT NULL, n BIGINT, at TIMESTAMP NOT NULL
     ) STORED AS DELTA LOCATION 'seen'",
);

fn check(
    folder: &Path,
    variables: &BTreeMap<String, String>,
    session: &SessionContext,
) -> Result<Configuration, Vec<Fault>> {
    let (configuration, mut faults) = Configuration::read(folder, variables);
    faults.extend(faults_of_views(&configuration, session));
    if faults.is_empty() {
        Ok(configuration)
    } else {
        Err(faults)
    }
}

fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let dir = folder(files);
    match check(dir.path(), &variables(), &session()) {
        Ok(_) => Vec::new(),
        Err(faults) => texts(dir.path(), &faults),
    }
}

fn texts(dir: &Path, faults: &[Fault]) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    faults
        .iter()
        .map(|f| f.to_string().replace(&prefix, ""))
        .collect()
}

fn configuration(files: &[(&str, &str)]) -> Configuration {
    let dir = folder(files);
    check(dir.path(), &variables(), &session()).unwrap_or_else(|f| {
        panic!(
            "{}",
            texts(dir.path(), &f).join(
                "
"
            )
        )
    })
}
