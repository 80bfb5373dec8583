//! The list of runs beside the facts, `runs.json`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::workload::EarlierRun;

/// One run of the generator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its number, from 1.
    pub run: u32,
    /// The file with its facts, beside this list.
    pub facts: String,
    /// The topic it wrote to.
    pub topic: String,
    /// The topic's id, as Kafka prints it.
    pub topic_id: String,
    /// The seed.
    pub seed: u64,
    /// When it began, in RFC 3339.
    pub started: String,
    /// Handsets that it made; while it goes on, or where it crashed, so many at least.
    pub devices: u64,
    /// Handsets that are booked and were not sent.
    pub withheld: u32,
    /// Whether it came to its end, with every fact on disk.
    pub ended: bool,
}

/// What a run wrote to: the topic and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRun {
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    runs: Vec<Run>,
}

impl Run {
    pub(crate) fn handsets(&self) -> EarlierRun {
        let Self {
            run,
            seed,
            devices,
            withheld,
            ..
        } = *self;
        EarlierRun {
            run,
            seed,
            devices,
            withheld,
        }
    }
}

/// Reads the list; an absent file is an empty list.
pub(super) fn read(path: &Path) -> Result<Vec<Run>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path)
        .map_err(|source| Error::file(path, "cannot read the list of runs", source))?;
    let document: Document = serde_json::from_str(&text)
        .map_err(|error| Error::format(path, error.line(), error.to_string()))?;
    if document.version != 1 {
        let version = document.version;
        return Err(Error::format(
            path,
            0,
            format!("version {version}; this build reads 1"),
        ));
    }
    Ok(document.runs)
}

/// Replaces the list at once: a reader sees the old one or the new one.
pub(super) fn write(path: &Path, runs: &[Run]) -> Result<()> {
    let failed = |source| Error::file(path, "cannot write the list of runs", source);
    let document = Document {
        version: 1,
        runs: runs.to_vec(),
    };
    let text = serde_json::to_string_pretty(&document).map_err(|e| failed(e.into()))?;
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path))
        .map_err(failed)?;
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}
