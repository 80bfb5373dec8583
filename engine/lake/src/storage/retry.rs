//! The waiting time between attempts at a storage operation that must succeed in the end.

use std::time::Duration;

/// Doubling waits from 20 ms to 5 s. Storage that is away is waited for without end: nothing is
/// lost by waiting, since Kafka holds what is not committed.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    wait: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { wait: Self::FIRST }
    }
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 20 });
    const MAX: Duration = Duration::from_secs(5);

    /// Waits, says why, and doubles the next wait.
    pub async fn wait(&mut self, what: &str, why: &dyn std::fmt::Display) {
        tracing::warn!(retry_in_ms = self.wait.as_millis() as u64, "{what}: {why}");
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(Self::MAX);
    }
}
