//! Dimensions as pipelines join them: each follows its topic, each micro-batch sees its latest rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::clock::now_us;
use common::{EngineError, Result};
use dimensions::{DimensionSnapshot, DimensionTable, LiveDimensions};
use kafka::{KeyedReader, PartitionLag};
use parking_lot::Mutex;
use state::{DimensionProgress, Publisher};

/// How far each dimension's topic has been read, by its name, as commit groups keep it.
pub type DimensionVersions = Arc<Mutex<BTreeMap<String, String>>>;

/// How often `system.dimensions` is brought up to date while no row changes.
const NOTE_INTERVAL: Duration = Duration::from_secs(1);

/// A dimension with the reader that follows its topic.
pub struct DimensionFlow {
    /// Its name.
    pub name: Arc<str>,
    /// Follows the topic.
    pub reader: KeyedReader,
    /// Its rows.
    pub table: DimensionTable,
    /// When the reader was last in touch with Kafka, in microseconds since the epoch.
    seen_at_us: i64,
}

impl DimensionFlow {
    /// A dimension of which nothing has been read yet.
    pub fn new(name: Arc<str>, reader: KeyedReader, table: DimensionTable) -> Self {
        Self {
            name,
            reader,
            table,
            seen_at_us: now_us(),
        }
    }

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
            rows: self.table.rows()?,
            version: self.table.version(),
        })
    }

    /// Notes how far the topic has been read.
    pub fn note_version(&self, versions: &DimensionVersions) {
        let version = self.reader.version_text();
        versions.lock().insert(self.name.to_string(), version);
    }

    /// How it stands.
    pub fn progress(&mut self) -> DimensionProgress {
        let handle = self.reader.handle();
        if handle.is_in_touch() {
            self.seen_at_us = now_us();
        }
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        DimensionProgress {
            dimension: self.name.clone(),
            topic: handle.topic().clone(),
            topic_id: handle
                .identity()
                .map_or("".into(), |(id, _)| id.as_str().into()),
            state: handle.state().to_string().into(),
            row_count: count(self.table.row_count() as u64),
            unusable_count: count(self.table.unusable_count()),
            caught_up: self.reader.is_caught_up(),
            lag_records: handle.lag().iter().map(PartitionLag::lag).sum(),
            seen_at_us: self.seen_at_us,
        }
    }

    /// Follows the topic on a thread of its own: a change is seen by the next micro-batch. The
    /// thread ends with an error where the topic can't be followed any more.
    pub fn follow(
        mut self,
        dimensions: Arc<LiveDimensions>,
        versions: DimensionVersions,
        publisher: Arc<Publisher>,
        stop: Arc<AtomicBool>,
    ) -> Result<JoinHandle<Result<()>>> {
        std::thread::Builder::new()
            .name(format!("dimension-{}", self.name))
            .spawn(move || {
                let mut noted_at = None;
                while !stop.load(Ordering::Acquire) {
                    let changed = self.read_some()?;
                    if changed {
                        let rows = self.rows()?;
                        dimensions.put(&self.name, rows);
                        self.note_version(&versions);
                    }
                    if changed || noted_at.is_none_or(|at: Instant| at.elapsed() >= NOTE_INTERVAL) {
                        publisher.note_dimension(self.progress());
                        noted_at = Some(Instant::now());
                    }
                }
                Ok(())
            })
            .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
    }
}
