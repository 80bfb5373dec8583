//! The live table on the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::Instant;

use generator::Progress;

use super::freshness::FreshnessMs;
use super::numbers::Numbers;
use super::verdict::Verdict;

/// Products and channels shown.
const ROWS_MAX: usize = 14;
const HOUR_US: i64 = 3_600_000_000;

/// What one drawing shows.
#[derive(Debug)]
pub struct Frame {
    /// How far the generator has come.
    pub sent: Progress,
    /// Freshness since the last drawing.
    pub freshness: Option<FreshnessMs>,
    /// What the source is doing.
    pub state: String,
    /// The latest commit group.
    pub group: i64,
    /// Headwater's numbers.
    pub numbers: Numbers,
    /// Whether they agree with the books.
    pub verdict: Verdict,
}

/// Draws frames: in place on a terminal, else a line each.
#[derive(Debug)]
pub struct Screen {
    in_place: bool,
    lines_drawn: usize,
    before: Option<(Instant, i64)>,
}

impl Screen {
    /// A screen on standard output.
    pub fn new() -> Self {
        Self {
            in_place: std::io::stdout().is_terminal(),
            lines_drawn: 0,
            before: None,
        }
    }

    /// Draws a frame over the one before.
    pub fn draw(&mut self, frame: &Frame) {
        let records_per_s = self.records_per_s(frame);
        let mut text = String::new();
        summary(&mut text, frame, records_per_s);
        if self.in_place {
            table(&mut text, frame);
            letters(&mut text, frame);
            for line in frame.verdict.differences.iter().take(5) {
                let _ = writeln!(text, "    {line}");
            }
        }
        let mut out = std::io::stdout().lock();
        if self.in_place && self.lines_drawn > 0 {
            let _ = write!(out, "\x1b[{}A\x1b[0J", self.lines_drawn);
        }
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
        self.lines_drawn = text.lines().count();
    }

    /// Prints text below the last frame, which stays.
    pub fn say(&mut self, text: &str) {
        println!("{text}");
        self.lines_drawn = 0;
    }

    fn records_per_s(&mut self, frame: &Frame) -> f64 {
        let now = Instant::now();
        let rate = self.before.map_or(0.0, |(at, records)| {
            let seconds = now.duration_since(at).as_secs_f64().max(1e-3);
            (frame.numbers.records - records) as f64 / seconds
        });
        self.before = Some((now, frame.numbers.records));
        rate
    }
}

fn summary(text: &mut String, frame: &Frame, records_per_s: f64) {
    let sent = &frame.sent;
    let bytes_per_record = if sent.records > 0 {
        sent.bytes as f64 / sent.records as f64
    } else {
        0.0
    };
    let freshness = frame.freshness.map_or("–".to_owned(), |f| {
        format!("{} ms (worst {})", f.median, f.worst)
    });
    let verdict = if frame.verdict.agrees() {
        "agree exactly"
    } else if frame.verdict.books_behind {
        "delivery reports on their way"
    } else {
        "DISAGREE"
    };
    let letters: i64 = frame.numbers.dead_letters.values().sum();
    let _ = writeln!(
        text,
        "{:>10} records  {:>8.0}/s  {:>5.1} MB/s  fresh {freshness}  group {}  new users {}  \
         moved {}  dead letters {letters}  books: {verdict} ({} slots)  {}",
        frame.numbers.records,
        records_per_s,
        records_per_s * bytes_per_record / 1e6,
        frame.group,
        frame.numbers.total(),
        frame.numbers.moved,
        frame.verdict.slots,
        if sent.paused {
            "generator waits"
        } else {
            frame.state.as_str()
        },
    );
}

fn table(text: &mut String, frame: &Frame) {
    let now_us = engine::clock::now_us();
    let this_hour = now_us - now_us.rem_euclid(HOUR_US);
    let mut rows: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for (slot, count) in &frame.numbers.new_users {
        let channel = slot.channel.as_deref().unwrap_or("(none)");
        let row = rows.entry((&slot.product, channel)).or_default();
        row.1 += count;
        if slot.hour_us == this_hour {
            row.0 += count;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.1));
    let _ = writeln!(
        text,
        "  {:<16} {:<24} {:>12} {:>12}",
        "product", "channel", "this hour", "in all"
    );
    for ((product, channel), (hour, all)) in rows.iter().take(ROWS_MAX) {
        let _ = writeln!(text, "  {product:<16} {channel:<24} {hour:>12} {all:>12}");
    }
    if rows.len() > ROWS_MAX {
        let (hour, all) = rows[ROWS_MAX..]
            .iter()
            .fold((0, 0), |sum, row| (sum.0 + row.1.0, sum.1 + row.1.1));
        let more = format!("{} more", rows.len() - ROWS_MAX);
        let _ = writeln!(text, "  {more:<16} {:<24} {hour:>12} {all:>12}", "");
    }
}

fn letters(text: &mut String, frame: &Frame) {
    for (reason, count) in &frame.numbers.dead_letters {
        let _ = writeln!(text, "  dead letters, {reason:<28} {count:>12}");
    }
}
