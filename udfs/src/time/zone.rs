//! The wall clock of a time zone.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

const SECOND_US: i64 = 1_000_000;

/// Seconds for which one answer is remembered.
const SLOT_S: i64 = 3600;

/// Time zones by name, and the offset of each in the hour that was asked for last.
#[derive(Default)]
pub(crate) struct Zones<'a> {
    zones: Vec<Zone<'a>>,
    last: usize,
}

struct Zone<'a> {
    name: &'a str,
    /// None if there is no such zone.
    tz: Option<Tz>,
    /// The offset in a slot of time in which it doesn't change.
    slot: Option<(i64, i64)>,
}

impl<'a> Zones<'a> {
    /// How far, in seconds, the wall clock of zone `name` is ahead of UTC at `instant_us`. None for
    /// an unknown zone, or an instant beyond the calendar.
    #[inline]
    pub(crate) fn offset_s(&mut self, name: &'a str, instant_us: i64) -> Option<i64> {
        if self
            .zones
            .get(self.last)
            .is_none_or(|zone| zone.name != name)
        {
            self.last = self.find(name);
        }
        self.zones[self.last].offset_s(instant_us)
    }

    fn find(&mut self, name: &'a str) -> usize {
        let found = self.zones.iter().position(|zone| zone.name == name);
        found.unwrap_or_else(|| {
            self.zones.push(Zone {
                name,
                tz: name.parse().ok(),
                slot: None,
            });
            self.zones.len() - 1
        })
    }
}

impl Zone<'_> {
    #[inline]
    fn offset_s(&mut self, instant_us: i64) -> Option<i64> {
        let tz = self.tz?;
        let second = instant_us.div_euclid(SECOND_US);
        let slot = second.div_euclid(SLOT_S);
        if let Some((known, offset)) = self.slot
            && known == slot
        {
            return Some(offset);
        }
        let offset = offset_at(tz, second)?;
        // No zone changes its clock to and fro within an hour.
        let first = offset_at(tz, slot * SLOT_S);
        let last = offset_at(tz, slot * SLOT_S + SLOT_S - 1);
        if first == Some(offset) && last == Some(offset) {
            self.slot = Some((slot, offset));
        }
        Some(offset)
    }
}

fn offset_at(tz: Tz, second: i64) -> Option<i64> {
    let utc = DateTime::from_timestamp(second, 0)?.naive_utc();
    let offset = tz.offset_from_utc_datetime(&utc).fix();
    Some(i64::from(offset.local_minus_utc()))
}
