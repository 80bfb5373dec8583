//! Where a run's records come from: the workload by the wall clock, or a trace in any order.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::defect::DefectCounts;
use crate::options::Trace;
use crate::workload::{Record, Workload};

/// Values that are permuted at once.
const WINDOW_BYTES: usize = 256 << 20;

/// Gives records until so many events were made.
pub struct Source {
    workload: Workload,
    trace: Option<Trace>,
    partitions: i32,
    events_made: u64,
    events_max: u64,
    shuffle: Option<ChaCha8Rng>,
    window: Vec<Record>,
}

impl Source {
    /// A source over a workload; without an end where `events_max` is `u64::MAX`.
    pub fn new(workload: Workload, trace: Option<Trace>, partitions: i32, events_max: u64) -> Self {
        let shuffle = trace
            .and_then(|trace| trace.shuffle_seed)
            .map(ChaCha8Rng::seed_from_u64);
        Self {
            workload,
            trace,
            partitions,
            events_made: 0,
            events_max,
            shuffle,
            window: Vec::new(),
        }
    }

    /// The next record; the wall clock's instant is used unless there is a trace.
    pub fn next(&mut self, wall_ms: i64) -> Option<Record> {
        let Some(rng) = &mut self.shuffle else {
            return self.make(wall_ms);
        };
        if self.window.is_empty() {
            let mut rng = rng.clone();
            self.fill(wall_ms);
            self.window.shuffle(&mut rng);
            for record in &mut self.window {
                record.partition = rng.random_range(0..self.partitions);
            }
            self.shuffle = Some(rng);
        }
        self.window.pop()
    }

    fn fill(&mut self, wall_ms: i64) {
        let mut bytes = 0;
        while bytes < WINDOW_BYTES {
            let Some(record) = self.make(wall_ms) else {
                return;
            };
            bytes += record.bytes();
            self.window.push(record);
        }
    }

    fn make(&mut self, wall_ms: i64) -> Option<Record> {
        let left = self.events_max.saturating_sub(self.events_made);
        if left == 0 && !self.workload.has_queued() {
            return None;
        }
        let now_ms = match self.trace {
            Some(trace) => {
                let seconds = self.events_made as f64 / trace.events_per_second;
                trace.start_ms + (seconds * 1_000.0) as i64
            }
            None => wall_ms,
        };
        let elements_max = usize::try_from(left).unwrap_or(usize::MAX);
        let record = self.workload.next(now_ms, elements_max);
        self.events_made += record.facts.event_count();
        Some(record)
    }

    /// How often each kind of defect was made.
    pub fn defects(&self) -> &DefectCounts {
        self.workload.defects()
    }

    /// How many handsets were made.
    pub fn devices_made(&self) -> u64 {
        self.workload.devices_made()
    }
}
