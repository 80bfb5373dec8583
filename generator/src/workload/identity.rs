//! The ids that a client sends for its handset, as its conduct wants them.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::population::Handset;
use crate::defect::Defect;

/// The ids as sent; none is a missing field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) oaid: Option<String>,
    pub(super) android_id: Option<String>,
}

pub(super) fn ids(handset: &Handset, defect: Option<Defect>, rng: &mut ChaCha8Rng) -> Ids {
    let good = Ids {
        oaid: handset.oaid.map(uuid),
        android_id: Some(format!("{:016x}", handset.android_id)),
    };
    let Some(defect) = defect else { return good };
    match defect {
        Defect::UpperCaseId => good.map(|id| id.to_uppercase()),
        Defect::PunctuatedId => {
            let form = rng.random_range(0..3);
            good.map(|id| punctuate(&id, form))
        }
        Defect::PaddedId => good.map(|id| format!("  {id}\t")),
        Defect::DegenerateOaid => {
            let which = rng.random_range(0..DEGENERATE.len());
            Ids {
                oaid: Some(degenerate(DEGENERATE[which], rng)),
                ..good
            }
        }
        Defect::NoId => Ids::default(),
        bad => {
            // Either field may carry the bad id, or both; the other is missing.
            let oaid = rng.random_bool(0.6).then(|| degenerate(bad, rng));
            let android_id = (oaid.is_none() || rng.random_bool(0.5)).then(|| degenerate(bad, rng));
            Ids { oaid, android_id }
        }
    }
}

impl Ids {
    fn map(self, change: impl Fn(String) -> String) -> Self {
        Self {
            oaid: self.oaid.map(&change),
            android_id: self.android_id.map(&change),
        }
    }
}

const DEGENERATE: [Defect; 7] = [
    Defect::ZeroImei,
    Defect::ZeroUuid,
    Defect::PlaceholderMac,
    Defect::DigestOfNothing,
    Defect::NullText,
    Defect::UnknownText,
    Defect::EmptyId,
];

fn degenerate(defect: Defect, rng: &mut ChaCha8Rng) -> String {
    let forms: &[&str] = match defect {
        Defect::ZeroImei => &["000000000000000"],
        Defect::ZeroUuid => &[
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "00000000000000000000000000000000",
        ],
        Defect::PlaceholderMac => &["02:00:00:00:00:00", "020000000000", "02-00-00-00-00-00"],
        Defect::EmulatorId => &["9774d56d682e549c", "9774D56D682E549C"],
        Defect::DigestOfNothing => &[
            "d41d8cd98f00b204e9800998ecf8427e",
            "D41D8CD98F00B204E9800998ECF8427E",
        ],
        Defect::NullText => &["null", "NULL", " Null "],
        Defect::UnknownText => &["unknown", "Unknown", "UNKNOWN"],
        _ => &["", "  ", "{}", "----"],
    };
    forms[rng.random_range(0..forms.len())].to_owned()
}

fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// The same digits in braces, without dashes, or in pairs with colons.
fn punctuate(id: &str, form: u32) -> String {
    let bare: String = id.chars().filter(|c| *c != '-').collect();
    match form {
        0 => format!("{{{id}}}"),
        1 => format!("-{bare}-"),
        _ => {
            let pairs: Vec<&str> = (0..bare.len())
                .step_by(2)
                .map(|at| &bare[at..(at + 2).min(bare.len())])
                .collect();
            pairs.join(":")
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::catalog::Catalog;
    use crate::device::mobile_device;
    use crate::workload::EarlierRun;
    use crate::workload::population::Population;

    #[test]
    fn each_spelling_names_the_same_device_and_each_bad_id_names_none() {
        let catalog = Catalog::default();
        let own = EarlierRun {
            run: 1,
            seed: 3,
            devices: 0,
            withheld: 0,
        };
        let mut population = Population::new(own, Vec::new());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..200 {
            let (handset, _) = population.create(&catalog);
            let device = |ids: Ids| mobile_device(ids.oaid.as_deref(), ids.android_id.as_deref());
            let good = device(ids(&handset, None, &mut rng)).unwrap();
            for defect in [Defect::UpperCaseId, Defect::PunctuatedId, Defect::PaddedId] {
                assert_eq!(device(ids(&handset, Some(defect), &mut rng)).unwrap(), good);
            }
            for defect in DEGENERATE
                .into_iter()
                .chain([Defect::NoId, Defect::EmulatorId])
            {
                assert_eq!(
                    device(ids(&handset, Some(defect), &mut rng)),
                    None,
                    "{defect:?}"
                );
            }
            let by_android = device(ids(&handset, Some(Defect::DegenerateOaid), &mut rng)).unwrap();
            assert_eq!(by_android, format!("{:016x}", handset.android_id));
        }
    }
}
