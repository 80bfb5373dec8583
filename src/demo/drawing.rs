//! A frame as lines of text that fit a terminal.

use std::collections::{BTreeMap, BTreeSet};

use super::frame::Frame;

/// Products and channels shown at the most, and where there is little room.
const ROWS_MAX: usize = 14;
const ROWS_MIN: usize = 3;
/// Differences shown at the most.
const DIFFERENCES_MAX: usize = 5;
/// The width that the table takes with the narrowest column of channels, and the room that this
/// column may take beyond it.
const TABLE_WIDTH: usize = 79;
const CHANNEL_WIDTH: usize = 18;
const CHANNEL_WIDER_MAX: usize = 14;
const PRODUCT_WIDTH: usize = 12;
const HOUR_US: i64 = 3_600_000_000;

/// How large the terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters in a line.
    pub width: usize,
    /// Lines.
    pub height: usize,
}

/// The lines of a frame: none is wider than the terminal, and one line of the terminal stays free.
/// So many lines above it are wanted by something else; the table gives way to them as far as it
/// can.
pub fn lines(frame: &Frame, records_per_s: f64, size: Size, wanted_above: usize) -> Vec<String> {
    let mut lines = summary(frame, records_per_s);
    let below = [outcomes(frame, size.width), differences(frame)].concat();
    // The table has a heading and a sum besides its rows.
    let taken = 1 + wanted_above + lines.len() + below.len() + 2;
    let rows_max = size.height.saturating_sub(taken).clamp(ROWS_MIN, ROWS_MAX);
    lines.extend(table(frame, size.width, rows_max));
    lines.extend(below);
    lines.truncate(size.height.saturating_sub(1).max(1));
    lines
        .iter()
        .map(|line| line.chars().take(size.width).collect())
        .collect()
}

/// What matters most, in a few short lines.
pub fn summary(frame: &Frame, records_per_s: f64) -> Vec<String> {
    let numbers = &frame.numbers;
    let freshness = frame.freshness.map_or_else(
        || "–".to_owned(),
        |f| format!("{} ms (worst {} ms)", f.median, f.worst),
    );
    let letters: i64 = numbers.dead_letters.values().sum();
    let megabytes_per_s = records_per_s * frame.bytes_per_record() / 1e6;
    let source = if frame.sent.paused {
        "the generator waits for the engine"
    } else {
        frame.source.as_str()
    };
    vec![
        format!(
            "{:>12} records  {records_per_s:>8.0}/s  {megabytes_per_s:>6.1} MB/s  fresh {freshness}",
            numbers.records
        ),
        format!(
            "{:>12} new users  {} moved  {letters} dead letters  commit group {}",
            numbers.total(),
            numbers.moved,
            frame.group
        ),
        format!("       books {}", verdict(frame)),
        format!("      source {source}"),
    ]
}

fn verdict(frame: &Frame) -> String {
    let verdict = &frame.verdict;
    if verdict.books_behind {
        "delivery reports are on their way".to_owned()
    } else if verdict.differences.is_empty() && frame.numbers.records == 0 {
        "have nothing to agree with yet".to_owned()
    } else if verdict.differences.is_empty() {
        format!(
            "agree exactly, cut at the same positions, in {} slots",
            verdict.slots
        )
    } else {
        format!("DISAGREE in {} places", verdict.differences.len())
    }
}

/// A row of the table: Headwater's count and the books', for this hour and in all.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    hour: [i64; 2],
    all: [i64; 2],
}

impl Row {
    fn add(&mut self, other: &Self) {
        for side in 0..2 {
            self.hour[side] += other.hour[side];
            self.all[side] += other.all[side];
        }
    }

    fn agrees(&self) -> bool {
        self.hour[0] == self.hour[1] && self.all[0] == self.all[1]
    }
}

fn table(frame: &Frame, width: usize, rows_max: usize) -> Vec<String> {
    let wider = width.saturating_sub(TABLE_WIDTH).min(CHANNEL_WIDER_MAX);
    let channel_width = CHANNEL_WIDTH + wider;
    let behind = frame.verdict.books_behind;
    let line = |product: &str, channel: &str, row: &Row, agrees: bool| {
        let mark = match (agrees, behind) {
            (true, _) => "=",
            (false, true) => "…",
            (false, false) => "≠",
        };
        format!(
            "  {} {} {:>10} {:>10} {:>10} {:>10} {mark}",
            padded(product, PRODUCT_WIDTH),
            padded(channel, channel_width),
            row.hour[0],
            row.hour[1],
            row.all[0],
            row.all[1],
        )
    };
    let mut lines = vec![format!(
        "  {} {} {:>10} {:>10} {:>10} {:>10}",
        padded("product", PRODUCT_WIDTH),
        padded("channel", channel_width),
        "this hour",
        "books",
        "in all",
        "books"
    )];
    let rows = rows(frame);
    // A line that says how many more there are takes the place of a row.
    let shown = if rows.len() > rows_max {
        rows_max - 1
    } else {
        rows.len()
    };
    for ((product, channel), row) in &rows[..shown] {
        lines.push(line(product, channel, row, row.agrees()));
    }
    let sum = |rows: &[((&str, &str), Row)]| {
        let mut sum = Row::default();
        rows.iter().for_each(|(_, row)| sum.add(row));
        (sum, rows.iter().all(|(_, row)| row.agrees()))
    };
    let rest = &rows[shown..];
    if !rest.is_empty() {
        let (row, agrees) = sum(rest);
        lines.push(line(&format!("{} more", rest.len()), "", &row, agrees));
    }
    let (row, agrees) = sum(&rows);
    lines.push(line("all", "", &row, agrees));
    lines
}

/// Every product and channel that either side has, the largest first.
fn rows(frame: &Frame) -> Vec<((&str, &str), Row)> {
    let this_hour = frame.now_us - frame.now_us.rem_euclid(HOUR_US);
    let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    for (side, users) in [&frame.numbers.new_users, &frame.books]
        .into_iter()
        .enumerate()
    {
        for (slot, count) in users {
            let channel = slot.channel.as_deref().unwrap_or("(none)");
            let row = rows.entry((&slot.product, channel)).or_default();
            row.all[side] += count;
            if slot.hour_us == this_hour {
                row.hour[side] += count;
            }
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.all[0].max(row.all[1])));
    rows
}

/// Events and dead letters by reason, each beside the books' count.
fn outcomes(frame: &Frame, width: usize) -> Vec<String> {
    let ours: BTreeMap<&str, i64> = frame
        .totals
        .outcomes
        .iter()
        .map(|(outcome, count)| (outcome.name(), i64::try_from(*count).unwrap_or(i64::MAX)))
        .collect();
    let letters = &frame.numbers.dead_letters;
    let mut names: BTreeSet<&str> = ours.keys().copied().collect();
    names.extend(letters.keys().map(String::as_str));
    names.insert("event");
    let items = names.into_iter().map(|name| {
        let ours = ours.get(name).copied().unwrap_or(0);
        let (name, theirs) = match name {
            "event" => ("events", frame.numbers.events),
            reason => (reason, letters.get(reason).copied().unwrap_or(0)),
        };
        let mark = match (theirs == ours, frame.verdict.books_behind) {
            (true, _) => "=",
            (false, true) => "…",
            (false, false) => "≠",
        };
        format!("{name} {theirs} {mark} {ours}")
    });
    wrapped(items, width)
}

/// Items with commas between them, in lines that are indented.
fn wrapped(items: impl Iterator<Item = String>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + item.chars().count() + 2 <= width => {
                line.push_str(", ");
                line.push_str(&item);
            }
            _ => lines.push(format!("  {item}")),
        }
    }
    lines
}

/// The first differences. While the books are behind there are none worth showing.
fn differences(frame: &Frame) -> Vec<String> {
    if frame.verdict.books_behind {
        return Vec::new();
    }
    let differences = frame.verdict.differences.iter().take(DIFFERENCES_MAX);
    differences.map(|line| format!("  ! {line}")).collect()
}

/// A text of exactly so many characters.
fn padded(text: &str, width: usize) -> String {
    let mut padded: String = text.chars().take(width).collect();
    let missing = width - padded.chars().count();
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use exactness::{Numbers, Verdict};
    use generator::Progress;
    use generator::books::{NewUsers, Slot, Totals};
    use generator::fact::{Outcome, Reason};

    use super::super::freshness::FreshnessMs;
    use super::*;

    const NOW_US: i64 = 500 * HOUR_US + 7;
    const TERMINAL: Size = Size {
        width: 80,
        height: 24,
    };

    fn users(slots: &[(&str, &str, i64, i64)]) -> NewUsers {
        let slot = |product: &str, channel: &str, hours_ago: i64| Slot {
            product: product.to_owned(),
            channel: (!channel.is_empty()).then(|| channel.to_owned()),
            hour_us: (500 - hours_ago) * HOUR_US,
        };
        slots
            .iter()
            .map(|(product, channel, hours_ago, count)| {
                (slot(product, channel, *hours_ago), *count)
            })
            .collect()
    }

    fn frame(theirs: NewUsers, books: NewUsers) -> Frame {
        Frame {
            sent: Progress {
                records: 4_000_000,
                bytes: 4_000_000_000,
                ..Progress::default()
            },
            freshness: Some(FreshnessMs {
                median: 61,
                worst: 10_432,
            }),
            source: "reading ".repeat(30),
            group: 123_456,
            now_us: NOW_US,
            numbers: Numbers {
                records: 400_000_000_000,
                new_users: theirs,
                events: 4_000_000_000,
                dead_letters: [("unknown key".to_owned(), 1_234_567)].into(),
                moved: 123_456,
                ..Numbers::default()
            },
            books,
            totals: Totals {
                records: 0,
                outcomes: [
                    (Outcome::Event, 4_000_000_000),
                    (Outcome::DeadLetter(Reason::UnknownKey), 1_234_567),
                    (Outcome::DeadLetter(Reason::BadDeviceId), 7_654_321),
                ]
                .into(),
            },
            verdict: Verdict::default(),
        }
    }

    fn many() -> Frame {
        let names: Vec<String> = (0..161)
            .map(|i| format!("a channel's long name {i}"))
            .collect();
        let slots: Vec<_> = names
            .iter()
            .map(|name| ("a long product", name.as_str(), 0, 12_345_678))
            .collect();
        frame(users(&slots), users(&slots))
    }

    #[test]
    fn every_line_and_all_lines_fit_the_terminal() {
        let mut frame = many();
        frame.verdict.differences = (0..40).map(|i| format!("{i} ").repeat(99)).collect();
        for (width, height) in [(80, 24), (80, 10), (40, 24), (200, 60), (1, 1)] {
            for above in [0, 8, 100] {
                let size = Size { width, height };
                let lines = lines(&frame, 1e6, size, above);
                assert!(lines.len() < height.max(2), "{height}: {}", lines.len());
                for line in &lines {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn nothing_of_importance_is_cut_off_at_eighty_columns() {
        let lines = lines(&many(), 123_456.0, TERMINAL, 7);
        assert!(lines[0].ends_with("(worst 10432 ms)"), "{}", lines[0]);
        assert!(lines[1].ends_with("commit group 123456"), "{}", lines[1]);
        assert!(lines[2].contains("agree exactly"), "{}", lines[2]);
        assert!(lines[4].ends_with("books"), "{}", lines[4]);
        let all = lines.iter().find(|line| line.contains("  all ")).unwrap();
        assert!(all.ends_with(" ="), "{all}");
        assert!(lines.len() + 7 < 24, "{}", lines.len());
    }

    #[test]
    fn the_books_stand_beside_each_row_with_a_mark() {
        let theirs = users(&[("reader", "store", 0, 3), ("reader", "store", 5, 4)]);
        let ours = users(&[
            ("reader", "store", 0, 3),
            ("reader", "store", 5, 4),
            ("reader", "", 0, 1),
        ]);
        let mut frame = frame(theirs, ours);
        frame.verdict.differences = vec!["product reader, no channel: 1, 0".to_owned()];
        let shown = |frame: &Frame| -> Vec<String> {
            let lines = lines(frame, 0.0, TERMINAL, 0);
            let words = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
            lines.iter().map(words).collect()
        };
        let lines = shown(&frame);
        for line in [
            "reader store 3 3 7 7 =",
            "reader (none) 0 1 0 1 ≠",
            "all 3 4 7 8 ≠",
            "! product reader, no channel: 1, 0",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line}: {lines:#?}");
        }
        assert!(lines.iter().any(|l| l.contains("DISAGREE")), "{lines:#?}");
        assert!(
            lines
                .iter()
                .any(|l| l.contains("bad device id 0 ≠ 7654321"))
        );
        assert!(
            lines
                .iter()
                .any(|l| l.contains("events 4000000000 = 4000000000"))
        );

        frame.verdict.books_behind = true;
        let lines = shown(&frame);
        assert!(
            !lines.iter().any(|l| l.starts_with('!') || l.contains('≠')),
            "{lines:#?}"
        );
    }
}
