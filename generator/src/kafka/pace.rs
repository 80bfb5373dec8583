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

    /// Notes that so many events were sent, and tells how long to wait before the next.
    pub(crate) fn sent(&mut self, events: u64, now: Instant) -> Duration {
        let Some(rate) = self.events_per_second else {
            return Duration::ZERO;
        };
        self.next_at += Duration::from_secs_f64(events as f64 / rate);
        if let Some(oldest) = now.checked_sub(BEHIND_MAX) {
            self.next_at = self.next_at.max(oldest);
        }
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
        assert_eq!(pace.sent(10, start), Duration::from_millis(10));
        assert_eq!(pace.sent(10, start), Duration::from_millis(20));
        let later = start + Duration::from_secs(60);
        assert_eq!(pace.sent(10, later), Duration::ZERO);
        assert_eq!(pace.sent(200, later), Duration::from_millis(100));
    }
}
