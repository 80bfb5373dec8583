//! SQL folders on disk, and what is wrong with them, as `check` of the crate that is tested tells it:
//! the tests of pipelines include this file too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use udfs::keys::KeyRing;

use super::{Configuration, Fault, check};

pub(super) fn session() -> SessionContext {
    let mut state = SessionStateBuilder::new().with_default_features().build();
    let secret: Vec<u8> = (0..32).collect();
    let keys = KeyRing::new([("m7".to_owned(), secret.into())]).unwrap();
    udfs::register_all(&mut state, &Arc::new(keys)).unwrap();
    SessionContext::new_with_state(state)
}

pub(super) fn variables() -> BTreeMap<String, String> {
    [
        ("mobile_topic", "mobile-logs"),
        ("products_topic", "products"),
        ("zone", "Asia/Shanghai"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into()
}

/// A folder of files, given as (path, text).
pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

pub(super) const SOURCE: (&str, &str) = (
    "sources/raw.sql",
    "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION 'raw-logs'",
);
pub(super) const TABLE: (&str, &str) = (
    "tables/seen.sql",
    "CREATE EXTERNAL TABLE seen (
         product STRING, device STRING NOT NULL, n BIGINT, at TIMESTAMP NOT NULL
     ) STORED AS DELTA LOCATION 'seen'",
);

pub(super) fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let dir = folder(files);
    match check(dir.path(), &variables(), &session()) {
        Ok(_) => Vec::new(),
        Err(faults) => texts(dir.path(), &faults),
    }
}

/// Faults, each as its text below the folder.
pub(super) fn texts(dir: &Path, faults: &[Fault]) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    faults
        .iter()
        .map(|f| f.to_string().replace(&prefix, ""))
        .collect()
}

pub(super) fn configuration(files: &[(&str, &str)]) -> Configuration {
    let dir = folder(files);
    check(dir.path(), &variables(), &session())
        .unwrap_or_else(|f| panic!("{}", texts(dir.path(), &f).join("\n")))
}
