//! The two stamps of a client, created and sent, as its conduct wants them.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::clock::{AHEAD_MS_MAX, BEHIND_MS_MAX};
use crate::defect::Defect;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// An event that comes more than this after its creation is counted as late.
pub(super) const LATE_MS: i64 = 30 * MINUTE_MS;

/// Stamps as sent, in ms, with the delay between creation and sending that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamps {
    pub(super) created: Option<i64>,
    pub(super) sent: Option<i64>,
    pub(super) delay_ms: i64,
}

pub(super) fn stamps(received_ms: i64, defect: Option<Defect>, rng: &mut ChaCha8Rng) -> Stamps {
    let transit_ms = rng.random_range(30..2_000);
    let sent = received_ms - transit_ms;
    let delay_ms = match defect {
        Some(Defect::Late) => rng.random_range(LATE_MS + 1..60 * HOUR_MS),
        Some(Defect::Backdated) => 70 * HOUR_MS,
        _ => delay_ms(rng),
    };
    let created = sent - delay_ms;
    let (created, sent) = match defect {
        Some(Defect::SkewedClock) => {
            let error_ms = clock_error_ms(received_ms, rng);
            (Some(created + error_ms), Some(sent + error_ms))
        }
        Some(Defect::WrongClock) => (Some(outside_window(received_ms, rng)), None),
        Some(Defect::IncoherentStamps) => incoherent(sent, rng),
        Some(Defect::WindowEdge) => edge(received_ms, sent, rng),
        Some(Defect::NoSendTime) => (Some(created), None),
        Some(Defect::NoTime) => (None, rng.random_bool(0.5).then_some(sent)),
        Some(Defect::Backdated) => (Some(created), rng.random_bool(0.7).then_some(sent)),
        _ => (Some(created), Some(sent)),
    };
    Stamps {
        created,
        sent,
        delay_ms,
    }
}

/// The delay between creation and sending: half within 20 s, 95 % within 30 min, 99 % within 20 h,
/// the rest within 60 h.
fn delay_ms(rng: &mut ChaCha8Rng) -> i64 {
    const QUANTILES: [(f64, f64); 5] = [
        (0.0, 50.0),
        (0.5, 20e3),
        (0.95, 1_800e3),
        (0.99, 72_000e3),
        (1.0, 216_000e3),
    ];
    let at: f64 = rng.random();
    for pair in QUANTILES.windows(2) {
        if let [(low, from), (high, to)] = *pair
            && at < high
        {
            // Between two quantiles the logarithm is even.
            let within = (at - low) / (high - low);
            return (from * (to / from).powf(within)) as i64;
        }
    }
    0
}

/// By how much a clock is wrong: hours ahead or behind, days, or since an empty battery.
fn clock_error_ms(received_ms: i64, rng: &mut ChaCha8Rng) -> i64 {
    const YEAR_2000_MS: i64 = 946_684_800_000;
    const YEAR_2009_MS: i64 = 1_230_768_000_000;
    match rng.random_range(0..6) {
        0 => 8 * HOUR_MS,
        1 => -8 * HOUR_MS,
        2 => rng.random_range(6 * MINUTE_MS..30 * 24 * HOUR_MS),
        3 => -rng.random_range(6 * MINUTE_MS..30 * 24 * HOUR_MS),
        4 => YEAR_2000_MS - received_ms,
        _ => YEAR_2009_MS - received_ms,
    }
}

fn outside_window(received_ms: i64, rng: &mut ChaCha8Rng) -> i64 {
    match rng.random_range(0..4) {
        0 => received_ms + 8 * HOUR_MS,
        1 => received_ms + rng.random_range(AHEAD_MS_MAX + 1..400 * 24 * HOUR_MS),
        2 => received_ms - BEHIND_MS_MAX - rng.random_range(1..400 * 24 * HOUR_MS),
        _ => 0,
    }
}

/// Created long after it was sent, or sent by a clock that was set in between.
fn incoherent(sent: i64, rng: &mut ChaCha8Rng) -> (Option<i64>, Option<i64>) {
    match rng.random_range(0..4) {
        0 => (
            Some(sent + AHEAD_MS_MAX + rng.random_range(1..24 * HOUR_MS)),
            Some(sent),
        ),
        1 => (
            Some(sent - BEHIND_MS_MAX - rng.random_range(1..9_000 * 24 * HOUR_MS)),
            Some(sent),
        ),
        2 => (Some(i64::MIN), Some(i64::MAX)),
        _ => (Some(i64::MAX), Some(-1)),
    }
}

/// Exactly at an edge of the window, or one millisecond beyond it.
fn edge(received_ms: i64, sent: i64, rng: &mut ChaCha8Rng) -> (Option<i64>, Option<i64>) {
    let beyond = rng.random_range(0..2);
    let distance = if rng.random_bool(0.5) {
        AHEAD_MS_MAX + beyond
    } else {
        -BEHIND_MS_MAX - beyond
    };
    if rng.random_bool(0.5) {
        (Some(sent + distance), Some(sent))
    } else {
        (Some(received_ms + distance), None)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::clock::{ClockRule, event_time_ms};

    const R: i64 = 1_790_000_000_000;

    #[test]
    fn conduct_decides_the_rule_that_applies() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..500 {
            let mut rule = |defect| {
                let made = stamps(R, defect, &mut rng);
                event_time_ms(made.created, made.sent, R)
            };
            assert_eq!(rule(None).1, ClockRule::Skew);
            assert_eq!(rule(Some(Defect::SkewedClock)).1, ClockRule::Skew);
            assert_eq!(rule(Some(Defect::WrongClock)), (R, ClockRule::Received));
            assert_eq!(
                rule(Some(Defect::IncoherentStamps)),
                (R, ClockRule::Received)
            );
            assert_eq!(rule(Some(Defect::NoTime)), (R, ClockRule::Received));
            assert_eq!(rule(Some(Defect::NoSendTime)).1, ClockRule::Client);
            let (time, backdated) = rule(Some(Defect::Backdated));
            assert!(backdated != ClockRule::Received && time < R - 69 * HOUR_MS);
        }
    }

    #[test]
    fn delays_follow_the_published_quantiles() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut delays: Vec<i64> = (0..100_000).map(|_| delay_ms(&mut rng)).collect();
        delays.sort_unstable();
        let at = |share: f64| delays[(share * delays.len() as f64) as usize] as f64;
        assert!((at(0.5) / 20e3 - 1.0).abs() < 0.1, "{}", at(0.5));
        assert!((at(0.95) / 1_800e3 - 1.0).abs() < 0.15, "{}", at(0.95));
        assert!((at(0.99) / 72_000e3 - 1.0).abs() < 0.3, "{}", at(0.99));
    }
}
