//! Dimensions as pipelines join them: each follows its topic, each micro-batch sees its latest rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::error::{EngineError, Result};
use crate::kafka::{DimensionReader, DimensionTable};
use crate::sql::{DimensionSnapshot, Dimensions};

/// How far each dimension's topic has been read, by its name, as commit groups keep it.
pub type DimensionVersions = Arc<Mutex<BTreeMap<String, String>>>;

/// The current rows of all dimensions.
#[derive(Debug, Default)]
pub struct LiveDimensions {
    current: BTreeMap<Arc<str>, ArcSwap<DimensionSnapshot>>,
}

impl LiveDimensions {
    /// Dimensions as they stand.
    pub fn new(rows: impl IntoIterator<Item = (Arc<str>, DimensionSnapshot)>) -> Self {
        Self {
            current: rows
                .into_iter()
                .map(|(name, rows)| (name, ArcSwap::from_pointee(rows)))
                .collect(),
        }
    }

    fn put(&self, name: &str, rows: DimensionSnapshot) {
        if let Some(current) = self.current.get(name) {
            current.store(Arc::new(rows));
        }
    }
}

impl Dimensions for LiveDimensions {
    fn current(&self, name: &str) -> Option<DimensionSnapshot> {
        self.current.get(name).map(|rows| (**rows.load()).clone())
    }
}

/// A dimension with the reader that follows its topic.
pub struct DimensionFlow {
    /// Its name.
    pub name: Arc<str>,
    /// Follows the topic.
    pub reader: DimensionReader,
    /// Its rows.
    pub table: DimensionTable,
}

impl DimensionFlow {
    /// Reads what has come meanwhile; true where a row changed.
    pub fn read_some(&mut self) -> Result<bool> {
        let mut changed = false;
        for change in self.reader.poll()? {
            changed |= self.table.apply(&change);
        }
        Ok(changed)
    }

    /// The rows as they stand.
    pub fn rows(&mut self) -> Result<DimensionSnapshot> {
        Ok(DimensionSnapshot {
            rows: self.table.records()?,
            version: self.table.version(),
        })
    }

    /// Notes how far the topic has been read.
    pub fn note_version(&self, versions: &DimensionVersions) {
        let version = self.reader.version_text();
        versions.lock().insert(self.name.to_string(), version);
    }

    /// Follows the topic on a thread of its own: a change is seen by the next micro-batch.
    pub fn follow(
        mut self,
        dimensions: Arc<LiveDimensions>,
        versions: DimensionVersions,
        stop: Arc<AtomicBool>,
    ) -> Result<JoinHandle<Result<()>>> {
        std::thread::Builder::new()
            .name(format!("dimension-{}", self.name))
            .spawn(move || {
                while !stop.load(Ordering::Acquire) {
                    if self.read_some()? {
                        let rows = self.rows()?;
                        dimensions.put(&self.name, rows);
                        self.note_version(&versions);
                    }
                }
                Ok(())
            })
            .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
    }
}
