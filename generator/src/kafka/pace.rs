//! The pace: events spread evenly over time.

use std::time::{Duration, Instant};

/// How far the pace may fall behind before what was missed is given up: there are no bursts.
const BEHIND_MAX: Duration = Duration::from_millis(100);

pub(crate) struct Pace {
    events_per_second: Option<f64>,
    next_at: Instant,
}

impl Pace {
    /// No rate means as fast as it goes.
    pub(crate) fn new(events_per_second: Option<f64>, now: Instant) -> Self {
        Self {
            events_per_second,
            next_at: now,
        }
    }

    /// Notes that so many events were sent.
    pub(crate) fn sent(&mut self, events: u64, now: Instant) {
        let Some(rate) = self.events_per_second else {
            return;
        };
        self.next_at += Duration::from_secs_f64(events as f64 / rate);
        if let Some(oldest) = now.checked_sub(BEHIND_MAX) {
            self.next_at = self.next_at.max(oldest);
        }
    }

    /// How long to wait before the next record.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.next_at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_not_made_up_for_by_a_burst() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(1_000.0), start);
        let mut wait = |events, now| {
            pace.sent(events, now);
            pace.wait(now).as_millis()
        };
        assert_eq!(wait(10, start), 10);
        assert_eq!(wait(10, start), 20);
        let later = start + Duration::from_secs(60);
        assert_eq!(wait(10, later), 0);
        assert_eq!(wait(200, later), 100);
    }
}
