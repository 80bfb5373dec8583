//! A claim: one element that competes for a device, in DOMAIN.md's order.

use std::cmp::Ordering;

use super::names::Names;
use crate::device::Device;

/// The number that stands for no channel.
pub(super) const NO_CHANNEL: u32 = u32::MAX;

/// What is credited: a device of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Credit {
    pub(super) device: Device,
    pub(super) product: u16,
}

/// Where an element is. The topic's incarnation stands for its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) incarnation: u16,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) element: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) received_us: i64,
    pub(super) event_time_us: i64,
    pub(super) tie: u64,
    pub(super) channel: u32,
    pub(super) place: Place,
}

impl Claim {
    /// Received, event time, tie, channel as UTF-8 bytes with null last, position.
    pub(super) fn compare(&self, other: &Self, channels: &Names) -> Ordering {
        self.received_us
            .cmp(&other.received_us)
            .then_with(|| self.event_time_us.cmp(&other.event_time_us))
            .then_with(|| self.tie.cmp(&other.tie))
            .then_with(|| compare_channels(self.channel, other.channel, channels))
            .then_with(|| self.place.cmp(&other.place))
    }
}

fn compare_channels(one: u32, other: u32, channels: &Names) -> Ordering {
    match (one == NO_CHANNEL, other == NO_CHANNEL) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => channels.bytes(one).cmp(channels.bytes(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Name;

    #[test]
    fn each_part_decides_only_where_those_before_it_are_equal() {
        let mut channels = Names::default();
        // Numbers run against the order of the names on purpose.
        let z = channels.number(&Name::from("z"));
        let a = channels.number(&Name::from("a"));
        let place = |offset| Place {
            incarnation: 1,
            partition: 0,
            offset,
            element: 0,
        };
        let claim = |received_us, event_time_us, tie, channel, offset| Claim {
            received_us,
            event_time_us,
            tie,
            channel,
            place: place(offset),
        };
        let cases = [
            ("received first", claim(1, 9, 9, z, 9), claim(2, 1, 1, a, 1)),
            (
                "then event time",
                claim(1, 1, 9, z, 9),
                claim(1, 2, 1, a, 1),
            ),
            (
                "then tie, unsigned",
                claim(1, 1, 1, z, 9),
                claim(1, 1, u64::MAX, a, 1),
            ),
            (
                "then channel bytes",
                claim(1, 1, 1, a, 9),
                claim(1, 1, 1, z, 1),
            ),
            (
                "null channel last",
                claim(1, 1, 1, z, 9),
                claim(1, 1, 1, NO_CHANNEL, 1),
            ),
            ("then position", claim(1, 1, 1, a, 1), claim(1, 1, 1, a, 2)),
        ];
        for (name, first, second) in cases {
            assert_eq!(first.compare(&second, &channels), Ordering::Less, "{name}");
            assert_eq!(
                second.compare(&first, &channels),
                Ordering::Greater,
                "{name}"
            );
        }
    }
}
