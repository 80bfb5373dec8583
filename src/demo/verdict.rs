//! Whether Headwater's numbers agree with the generator's books, and if not, which devices differ.

use generator::books::Books;

use super::numbers::{Credit, Numbers};

/// Devices and slots named in a verdict at the most.
const NAMED_MAX: usize = 10;

/// The outcome of a comparison.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Product, channel and hour slots compared.
    pub slots: usize,
    /// Every difference, in words.
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

/// Folds the books up to the numbers' own positions and compares.
pub fn compare(books: &mut Books, numbers: &Numbers) -> Verdict {
    let coverage = books.advance(&numbers.cut);
    let mut differences: Vec<String> = books
        .compare(&numbers.new_users)
        .iter()
        .map(ToString::to_string)
        .collect();
    let totals = books.totals();
    if i128::from(numbers.records) != i128::from(totals.records) {
        differences.push(format!(
            "records: the books have {}, Headwater read {}",
            totals.records, numbers.records
        ));
    }
    for (outcome, count) in &totals.outcomes {
        let name = outcome.name();
        let theirs = if name == "event" {
            continue;
        } else {
            numbers.dead_letters.get(name).copied().unwrap_or(0)
        };
        if i128::from(theirs) != i128::from(*count) {
            differences.push(format!(
                "dead letters, {name}: the books have {count}, Headwater {theirs}"
            ));
        }
    }
    if !numbers.balanced {
        differences.push("system.conservation has a row that does not balance".to_owned());
    }
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
