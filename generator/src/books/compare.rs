//! Where somebody else's numbers differ from the books.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use chrono::DateTime;

use super::book::{Books, NewUsers, Slot};

/// A count of new users that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub slot: Slot,
    /// The books' count.
    pub ours: i64,
    /// The other count.
    pub theirs: i64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Slot {
            product,
            channel,
            hour_us,
        } = &self.slot;
        write!(
            f,
            "product {product}, {}, hour {}: the books have {}, the ledger {}",
            channel_text(channel.as_deref()),
            hour_text(*hour_us),
            self.ours,
            self.theirs
        )
    }
}

/// A device that is credited otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditDifference {
    /// The product.
    pub product: String,
    /// The canonical device id.
    pub device: String,
    /// Channel and hour in the books, in µs since 1970; none where the device isn't there.
    pub ours: Option<(Option<String>, i64)>,
    /// Channel and hour in the ledger; none where the device isn't there.
    pub theirs: Option<(Option<String>, i64)>,
}

impl fmt::Display for CreditDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |(channel, hour_us): &(Option<String>, i64)| {
            format!(
                "{}, hour {}",
                channel_text(channel.as_deref()),
                hour_text(*hour_us)
            )
        };
        write!(f, "device {} of product {}, ", self.device, self.product)?;
        match (&self.ours, &self.theirs) {
            (Some(ours), None) => {
                write!(f, "{}, is in the books but not in the ledger", place(ours))
            }
            (None, Some(theirs)) => write!(
                f,
                "{}, is in the ledger but not in the books",
                place(theirs)
            ),
            (Some(ours), Some(theirs)) => {
                write!(
                    f,
                    "is credited to {} by the books, to {} by the ledger",
                    place(ours),
                    place(theirs)
                )
            }
            (None, None) => write!(f, "is nowhere"),
        }
    }
}

fn channel_text(channel: Option<&str>) -> String {
    channel.map_or_else(|| "no channel".to_owned(), |name| format!("channel {name}"))
}

fn hour_text(hour_us: i64) -> String {
    DateTime::from_timestamp_micros(hour_us).map_or_else(
        || hour_us.to_string(),
        |hour| hour.format("%Y-%m-%dT%H:00Z").to_string(),
    )
}

impl Books {
    /// Where the new users of somebody else differ from the books as they are folded, in order of
    /// product, channel and hour. A slot that one side lacks counts as 0.
    pub fn compare(&self, theirs: &NewUsers) -> Vec<Difference> {
        let ours = self.new_users();
        let slots: BTreeSet<&Slot> = ours.keys().chain(theirs.keys()).collect();
        let count = |users: &NewUsers, slot: &Slot| users.get(slot).copied().unwrap_or(0);
        slots
            .into_iter()
            .map(|slot| Difference {
                slot: slot.clone(),
                ours: count(&ours, slot),
                theirs: count(theirs, slot),
            })
            .filter(|difference| difference.ours != difference.theirs)
            .collect()
    }

    /// Where the credit of a device differs, in order of product and device. The ledger gives one
    /// row a device in force: product, device, channel, and the hour in µs since 1970.
    pub fn compare_devices(
        &self,
        ledger: impl IntoIterator<Item = (String, String, Option<String>, i64)>,
    ) -> Vec<CreditDifference> {
        let mut theirs: HashMap<(String, String), (Option<String>, i64)> = ledger
            .into_iter()
            .map(|(product, device, channel, hour_us)| ((product, device), (channel, hour_us)))
            .collect();
        let mut differences: Vec<CreditDifference> = self
            .expected_devices()
            .filter_map(|ours| {
                let theirs = theirs.remove(&(ours.product.clone(), ours.device.clone()));
                let place = (ours.channel, ours.hour_us);
                let (product, device) = (ours.product, ours.device);
                (theirs.as_ref() != Some(&place)).then_some(CreditDifference {
                    product,
                    device,
                    ours: Some(place),
                    theirs,
                })
            })
            .collect();
        differences.extend(
            theirs
                .into_iter()
                .map(|((product, device), place)| CreditDifference {
                    product,
                    device,
                    ours: None,
                    theirs: Some(place),
                }),
        );
        differences.sort_by(|a, b| (&a.product, &a.device).cmp(&(&b.product, &b.device)));
        differences
    }
}
