//! Whether Headwater's numbers agree with the generator's books, and if not, which devices differ.

use std::collections::{BTreeMap, BTreeSet};

use generator::books::{Books, Totals};

use super::numbers::{Credit, Numbers};

/// Devices named in a verdict at the most.
const NAMED_MAX: usize = 10;
/// The outcome that is no reason of a dead letter, as the books spell it.
const EVENT: &str = "event";

/// The outcome of a comparison.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Product, channel and hour slots of the books.
    pub slots: usize,
    /// Every difference, in words. Where the books are behind, these mean nothing.
    pub differences: Vec<String>,
    /// The books do not yet know everything that was read: ask again.
    pub books_behind: bool,
}

impl Verdict {
    /// Everything agrees.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty() && !self.books_behind
    }
}

/// Folds the books up to the numbers' own positions and compares: new users by product, channel and
/// hour; records, elements and events; dead letters by reason.
pub fn compare(books: &mut Books, numbers: &Numbers) -> Verdict {
    let coverage = books.advance(&numbers.cut);
    let mut differences: Vec<String> = books
        .compare(&numbers.new_users)
        .iter()
        .map(ToString::to_string)
        .collect();
    differences.extend(compare_counts(&books.totals(), numbers));
    Verdict {
        slots: books.new_users().len(),
        differences,
        books_behind: !coverage.is_complete(),
    }
}

/// Names the devices that are credited otherwise than the books say.
pub fn name_devices(books: &Books, credits: Vec<Credit>) -> Vec<String> {
    let differences = books.compare_devices(credits);
    let more = differences.len().saturating_sub(NAMED_MAX);
    let mut named: Vec<String> = differences
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    if more > 0 {
        named.push(format!("and {more} more devices"));
    }
    named
}

/// Where records, elements, events and dead letters differ. A count that only one side has is
/// compared with 0.
fn compare_counts(books: &Totals, numbers: &Numbers) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, ours: u64, theirs: i64| {
        if i128::from(ours) != i128::from(theirs) {
            differences.push(format!("{what}: the books have {ours}, Headwater {theirs}"));
        }
    };
    differ("records", books.records, numbers.records);
    differ("elements", books.elements(), numbers.elements);
    differ("filtered elements", 0, numbers.filtered);
    let mut ours: BTreeMap<&str, u64> = books
        .outcomes
        .iter()
        .map(|(outcome, count)| (outcome.name(), *count))
        .collect();
    differ("events", ours.remove(EVENT).unwrap_or(0), numbers.events);
    let theirs = &numbers.dead_letters;
    let reasons: BTreeSet<&str> = ours
        .keys()
        .copied()
        .chain(theirs.keys().map(String::as_str))
        .collect();
    for reason in reasons {
        differ(
            &format!("dead letters, {reason}"),
            ours.get(reason).copied().unwrap_or(0),
            theirs.get(reason).copied().unwrap_or(0),
        );
    }
    if !numbers.balanced {
        differences.push("system.conservation has a row that does not balance".to_owned());
    }
    differences
}

#[cfg(test)]
mod tests {
    use generator::fact::{Outcome, Reason};

    use super::*;

    fn books() -> Totals {
        Totals {
            records: 7,
            outcomes: [
                (Outcome::Event, 9),
                (Outcome::DeadLetter(Reason::Malformed), 2),
            ]
            .into(),
        }
    }

    fn numbers() -> Numbers {
        Numbers {
            records: 7,
            elements: 11,
            events: 9,
            dead_letters: [("malformed".to_owned(), 2)].into(),
            balanced: true,
            ..Numbers::default()
        }
    }

    #[test]
    fn equal_counts_agree() {
        assert_eq!(compare_counts(&books(), &numbers()), Vec::<String>::new());
    }

    #[test]
    fn a_lost_event_is_a_difference_though_all_dead_letters_agree() {
        let lost = Numbers {
            events: 8,
            ..numbers()
        };
        assert_eq!(
            compare_counts(&books(), &lost),
            ["events: the books have 9, Headwater 8"]
        );
    }

    #[test]
    fn a_reason_that_the_books_lack_is_a_difference() {
        let mut more = numbers();
        more.dead_letters.insert("cannot decrypt".to_owned(), 1);
        assert_eq!(
            compare_counts(&books(), &more),
            ["dead letters, cannot decrypt: the books have 0, Headwater 1"]
        );
    }

    #[test]
    fn a_reason_that_headwater_lacks_and_other_counts_are_differences() {
        let wrong = Numbers {
            records: 6,
            elements: 10,
            filtered: 1,
            dead_letters: BTreeMap::new(),
            balanced: false,
            ..numbers()
        };
        let differences = compare_counts(&books(), &wrong);
        let expected = [
            "records:",
            "elements:",
            "filtered",
            "dead letters, malformed",
            "system",
        ];
        assert_eq!(differences.len(), expected.len(), "{differences:?}");
        for (difference, begin) in differences.iter().zip(expected) {
            assert!(difference.starts_with(begin), "{difference}");
        }
    }

    #[test]
    fn a_new_user_that_the_books_lack_is_a_difference() {
        let mut numbers = Numbers {
            balanced: true,
            ..Numbers::default()
        };
        let slot = generator::books::Slot {
            product: "reader".to_owned(),
            channel: None,
            hour_us: 0,
        };
        numbers.new_users.insert(slot, 1);
        let verdict = compare(&mut Books::new(), &numbers);
        assert!(!verdict.agrees());
        assert_eq!(verdict.differences.len(), 1, "{verdict:?}");
    }
}
