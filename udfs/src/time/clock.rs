//! The clock rule: which of three stamps an event's time is taken from.
//!
//! A client's clock may be wrong; how long an event waited on the client is right all the same. So
//! the event happened at `received − (sent − created)` where both stamps exist, else at `created`.
//! That is believed within `[received − 72 h, received + 5 min]`; outside of it, `received` is
//! taken. (The formula is that of Snowplow, PostHog and Segment.)

const MINUTE_US: i128 = 60 * 1_000_000;

/// How long before it was received an event may have happened.
pub const AGE_US_MAX: i128 = 72 * 60 * MINUTE_US;

/// How long after it was received an event may have happened, by its own account.
pub const AHEAD_US_MAX: i128 = 5 * MINUTE_US;

/// Where an event's time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockRule {
    /// `received − (sent − created)`.
    Skew,
    /// The client's own stamp.
    Client,
    /// The time of receipt.
    Received,
}

impl ClockRule {
    /// The rule's name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skew => "skew",
            Self::Client => "client",
            Self::Received => "received",
        }
    }
}

/// The time of an event, and where it comes from. All are in microseconds since 1970; a client's
/// stamps are wider than 64 bits, so that no stamp overflows.
#[inline]
pub fn settle(created: Option<i128>, sent: Option<i128>, received: i64) -> (i64, ClockRule) {
    let Some(created) = created else {
        return (received, ClockRule::Received);
    };
    let (offset, rule) = match sent {
        Some(sent) => (created - sent, ClockRule::Skew),
        None => (created - i128::from(received), ClockRule::Client),
    };
    let believed = (-AGE_US_MAX..=AHEAD_US_MAX).contains(&offset);
    match i64::try_from(i128::from(received) + offset) {
        Ok(time) if believed => (time, rule),
        _ => (received, ClockRule::Received),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const MINUTE: i64 = 60_000_000;
    const RECEIVED: i64 = 1_700_000_000_000_000;

    #[test]
    fn the_window_is_inclusive_at_both_ends() {
        use ClockRule::{Client, Received, Skew};
        // Created and sent as distances from received; the expected time likewise.
        let cases = [
            (Some(-10), Some(0), -10, Skew),
            (Some(-72 * HOUR), None, -72 * HOUR, Client),
            (Some(-72 * HOUR - 1), None, 0, Received),
            (Some(5 * MINUTE), None, 5 * MINUTE, Client),
            (Some(5 * MINUTE + 1), None, 0, Received),
            (Some(0), Some(72 * HOUR), -72 * HOUR, Skew),
            (Some(0), Some(72 * HOUR + 1), 0, Received),
            (Some(5 * MINUTE), Some(0), 5 * MINUTE, Skew),
            (Some(5 * MINUTE + 1), Some(0), 0, Received),
            // A clock that is years or hours off says the right thing about the time between.
            (
                Some(-20 * 365 * 24 * HOUR),
                Some(-20 * 365 * 24 * HOUR + HOUR),
                -HOUR,
                Skew,
            ),
            (Some(8 * HOUR), Some(8 * HOUR), 0, Skew),
            (Some(8 * HOUR), None, 0, Received),
            (None, Some(0), 0, Received),
            (None, None, 0, Received),
        ];
        for (created, sent, expected, rule) in cases {
            let at = |distance: Option<i64>| distance.map(|d| i128::from(RECEIVED + d));
            assert_eq!(
                settle(at(created), at(sent), RECEIVED),
                (RECEIVED + expected, rule),
                "created {created:?}, sent {sent:?}"
            );
        }
    }

    #[test]
    fn an_event_before_midnight_stays_on_its_day() {
        // Created 23:59:58, received 00:00:03; a minute of skew on the client.
        let created = i128::from(RECEIVED - 65_000_000);
        let sent = i128::from(RECEIVED - 60_000_000);
        assert_eq!(
            settle(Some(created), Some(sent), RECEIVED),
            (RECEIVED - 5_000_000, ClockRule::Skew)
        );
    }

    proptest! {
        #[test]
        fn any_stamps_give_a_time_in_the_window(
            created in proptest::option::of(any::<i64>()),
            sent in proptest::option::of(any::<i64>()),
            received in any::<i64>(),
        ) {
            let wide = |stamp: Option<i64>| stamp.map(|s| i128::from(s) * 1000);
            let (time, _) = settle(wide(created), wide(sent), received);
            let age = i128::from(received) - i128::from(time);
            prop_assert!((-AHEAD_US_MAX..=AGE_US_MAX).contains(&age));
        }
    }
}
