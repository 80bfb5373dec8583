//! The profile: how much of what the workload makes.

use std::ops::RangeInclusive;

/// Shares are of records where they concern whole records, else of elements.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Elements a record, drawn evenly.
    pub elements: RangeInclusive<usize>,
    /// Bytes of one event's JSON, drawn evenly; an event that says more is left as it is.
    pub event_bytes: RangeInclusive<usize>,
    /// Share of records whose plaintext is gzipped.
    pub gzip_share: f64,
    /// Share of elements that are the first of a device.
    pub new_device_share: f64,
    /// Share of new devices whose first events tie across two channels.
    pub tie_share: f64,
    /// Share of new devices whose credit is moved later by an earlier record.
    pub moved_share: f64,
    /// Share of records that are malformed as a whole.
    pub malformed_share: f64,
    /// Share of records that cannot be decrypted.
    pub undecryptable_share: f64,
    /// Share of records under an unknown key id.
    pub unknown_key_share: f64,
    /// Share of elements that are no object.
    pub malformed_element_share: f64,
    /// Share of elements of an unknown application.
    pub unknown_app_share: f64,
    /// Share of elements with a wrong-typed field.
    pub wrong_type_share: f64,
    /// Share of elements without any usable device id.
    pub bad_device_share: f64,
    /// Share of elements whose id is spelt otherwise.
    pub respelt_device_share: f64,
    /// Share of elements without an event id.
    pub no_event_id_share: f64,
    /// Share of elements that are events sent again.
    pub duplicate_share: f64,
    /// Share of records sent again as a whole.
    pub duplicate_record_share: f64,
    /// Share of elements from a clock that is wrong by more than 5 minutes.
    pub wrong_clock_share: f64,
    /// Share of elements that lack a stamp, or whose stamps are at or beyond the window's edge.
    pub odd_stamps_share: f64,
    /// Share of elements that a client backdates by 70 h.
    pub backdated_share: f64,
    /// Share of elements through a channel that nobody registered.
    pub unknown_channel_share: f64,
    /// Share of elements without a channel.
    pub no_channel_share: f64,
    /// Share of elements that reinstall or upgrade through another channel.
    pub other_channel_share: f64,
    /// Share of elements that are test traffic.
    pub test_share: f64,
    /// How often every kind of defect is made early, whatever its share.
    pub forced_early: usize,
}

impl Profile {
    /// DOMAIN.md's mobile source: 1–20 events of 600–1200 bytes a record, 30 % gzipped.
    pub fn mobile() -> Self {
        Self {
            elements: 1..=20,
            event_bytes: 600..=1200,
            gzip_share: 0.3,
            new_device_share: 0.02,
            tie_share: 0.02,
            moved_share: 0.02,
            malformed_share: 0.001,
            undecryptable_share: 0.0005,
            unknown_key_share: 0.0005,
            malformed_element_share: 0.0002,
            unknown_app_share: 0.0002,
            wrong_type_share: 0.0005,
            bad_device_share: 0.001,
            respelt_device_share: 0.01,
            no_event_id_share: 0.005,
            duplicate_share: 0.006,
            duplicate_record_share: 0.002,
            wrong_clock_share: 0.025,
            odd_stamps_share: 0.01,
            backdated_share: 0.001,
            unknown_channel_share: 0.005,
            no_channel_share: 0.01,
            other_channel_share: 0.02,
            test_share: 0.005,
            forced_early: 3,
        }
    }

    /// The canonical workload of the benches: one event a record, about 600 bytes in Kafka, no gzip.
    pub fn canonical() -> Self {
        Self {
            elements: 1..=1,
            event_bytes: 0..=0,
            gzip_share: 0.0,
            ..Self::mobile()
        }
    }

    /// The benches' second workload: ten events a record, gzipped.
    pub fn batched() -> Self {
        Self {
            elements: 10..=10,
            gzip_share: 1.0,
            ..Self::mobile()
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::mobile()
    }
}
