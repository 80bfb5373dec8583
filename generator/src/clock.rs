//! DOMAIN.md's clock rule: which instant an event is counted at.

/// Microseconds in one millisecond.
pub const US_PER_MS: i64 = 1_000;
/// How far before its receipt an event may lie, in ms.
pub const BEHIND_MS_MAX: i64 = 72 * 3_600_000;
/// How far after its receipt an event may lie, in ms.
pub const AHEAD_MS_MAX: i64 = 5 * 60_000;
/// Microseconds in one hour.
pub const US_PER_HOUR: i64 = 3_600_000_000;

/// Which part of the rule gave the event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockRule {
    /// `received − (sent − created)`.
    Skew,
    /// The client's own stamp.
    Client,
    /// Neither could be used.
    Received,
}

impl ClockRule {
    /// The name that the books and the shipped tables use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skew => "skew",
            Self::Client => "client",
            Self::Received => "received",
        }
    }
}

/// The event time in ms for the client's two stamps and the Kafka timestamp, all in ms since 1970.
///
/// Where both stamps exist it is `received − (sent − created)`, else the client's stamp; either is
/// used where it lies within `[received − 72 h, received + 5 min]`, else it is `received`. Stamps
/// may hold any number, so the sum is taken in 128 bits.
pub fn event_time_ms(created: Option<i64>, sent: Option<i64>, received: i64) -> (i64, ClockRule) {
    let (candidate, rule) = match (created, sent) {
        (Some(created), Some(sent)) => (
            i128::from(received) - (i128::from(sent) - i128::from(created)),
            ClockRule::Skew,
        ),
        (Some(created), None) => (i128::from(created), ClockRule::Client),
        (None, _) => return (received, ClockRule::Received),
    };
    let earliest = i128::from(received) - i128::from(BEHIND_MS_MAX);
    let latest = i128::from(received) + i128::from(AHEAD_MS_MAX);
    match i64::try_from(candidate) {
        Ok(ms) if (earliest..=latest).contains(&candidate) => (ms, rule),
        _ => (received, ClockRule::Received),
    }
}

/// The start of the UTC hour that holds an instant, both in µs since 1970.
pub fn hour_us(instant_us: i64) -> i64 {
    instant_us - instant_us.rem_euclid(US_PER_HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: i64 = 1_790_000_000_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn the_rule_as_a_table() {
        let cases = [
            (
                "both stamps, right clock",
                Some(R - 61_000),
                Some(R - 1_000),
                R - 60_000,
                ClockRule::Skew,
            ),
            (
                "both stamps, clock 8 h ahead",
                Some(R + 8 * HOUR - 2_000),
                Some(R + 8 * HOUR),
                R - 2_000,
                ClockRule::Skew,
            ),
            (
                "dead battery",
                Some(946_684_800_000),
                Some(946_684_805_000),
                R - 5_000,
                ClockRule::Skew,
            ),
            (
                "only created, right",
                Some(R - HOUR),
                None,
                R - HOUR,
                ClockRule::Client,
            ),
            (
                "only created, 8 h ahead",
                Some(R + 8 * HOUR),
                None,
                R,
                ClockRule::Received,
            ),
            (
                "only created, 73 h old",
                Some(R - 73 * HOUR),
                None,
                R,
                ClockRule::Received,
            ),
            (
                "backdated by 70 h",
                Some(R - 70 * HOUR),
                Some(R),
                R - 70 * HOUR,
                ClockRule::Skew,
            ),
            (
                "exactly 72 h",
                Some(R - 72 * HOUR),
                Some(R),
                R - 72 * HOUR,
                ClockRule::Skew,
            ),
            (
                "72 h and 1 ms",
                Some(R - 72 * HOUR - 1),
                Some(R),
                R,
                ClockRule::Received,
            ),
            (
                "exactly 5 min ahead",
                Some(R + AHEAD_MS_MAX),
                None,
                R + AHEAD_MS_MAX,
                ClockRule::Client,
            ),
            (
                "5 min and 1 ms ahead",
                Some(R + AHEAD_MS_MAX + 1),
                None,
                R,
                ClockRule::Received,
            ),
            ("only sent", None, Some(R), R, ClockRule::Received),
            ("no stamp", None, None, R, ClockRule::Received),
            (
                "extremes",
                Some(i64::MAX),
                Some(i64::MIN),
                R,
                ClockRule::Received,
            ),
            (
                "extremes, other way",
                Some(i64::MIN),
                Some(i64::MAX),
                R,
                ClockRule::Received,
            ),
        ];
        for (name, created, sent, time, rule) in cases {
            assert_eq!(event_time_ms(created, sent, R), (time, rule), "{name}");
        }
    }

    #[test]
    fn an_event_before_midnight_received_after_it_is_of_the_earlier_day() {
        let midnight = 1_789_920_000_000;
        let (time, _) = event_time_ms(
            Some(midnight - 2_000),
            Some(midnight + 2_900),
            midnight + 3_000,
        );
        assert_eq!(time, midnight - 1_900);
        assert_eq!(hour_us(time * US_PER_MS), (midnight - HOUR) * US_PER_MS);
    }

    #[test]
    fn hours_are_half_open() {
        assert_eq!(hour_us(7 * US_PER_HOUR), 7 * US_PER_HOUR);
        assert_eq!(hour_us(8 * US_PER_HOUR - 1), 7 * US_PER_HOUR);
        assert_eq!(hour_us(-1), -US_PER_HOUR);
    }
}
