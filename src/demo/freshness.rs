//! How long after its Kafka timestamp the newest record of a micro-batch was published.

use state::Published;

/// Samples of freshness since they were last taken.
#[derive(Debug, Default)]
pub struct Freshness {
    sequence: u64,
    samples_ms: Vec<i64>,
}

/// The median and the worst of some samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessMs {
    /// The median.
    pub median: i64,
    /// The greatest.
    pub worst: i64,
}

impl Freshness {
    /// Takes a sample where something was published since the last.
    pub fn sample(&mut self, state: &Published) {
        if state.sequence == self.sequence {
            return;
        }
        self.sequence = state.sequence;
        let newest = state
            .progress
            .values()
            .flat_map(|p| &p.partitions)
            .filter_map(|p| p.received_max_us)
            .max();
        if let Some(newest_us) = newest {
            self.samples_ms
                .push((state.published_at_us - newest_us) / 1_000);
        }
    }

    /// The samples' summary; none where there were none.
    pub fn take(&mut self) -> Option<FreshnessMs> {
        let mut samples = std::mem::take(&mut self.samples_ms);
        samples.sort_unstable();
        let worst = samples.last().copied()?;
        let median = samples.get(samples.len() / 2).copied()?;
        Some(FreshnessMs { median, worst })
    }
}
