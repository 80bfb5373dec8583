//! The terminal: frames drawn in place, or a line each where the output is no terminal.

use std::io::{IsTerminal, Write as _};
use std::time::Instant;

use terminal_size::{Height, Width, terminal_size};

use super::drawing::{Size, lines, summary};
use super::frame::Frame;

/// The size where the terminal doesn't tell.
const DEFAULT: Size = Size {
    width: 80,
    height: 24,
};
/// Lines that are too long are cut off by the terminal instead of being continued on the next:
/// where a terminal has just become narrower, a drawing still takes the lines that it has counted.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR_ALL: &str = "\x1b[2J\x1b[H";

/// Draws frames on standard output.
#[derive(Debug)]
pub struct Screen {
    heading: String,
    in_place: bool,
    size: Size,
    lines_drawn: usize,
    before: Option<(Instant, i64)>,
}

impl Screen {
    /// Prints a heading, which stays above the frames.
    pub fn new(heading: String) -> Self {
        print!("{heading}");
        // Who reads it from a pipe may wait for it.
        let _ = std::io::stdout().flush();
        Self {
            heading,
            in_place: std::io::stdout().is_terminal(),
            size: size(),
            lines_drawn: 0,
            before: None,
        }
    }

    /// Draws a frame over the one before.
    pub fn draw(&mut self, frame: &Frame) {
        let records_per_s = self.records_per_s(frame);
        let text = if self.in_place {
            self.in_place(frame, records_per_s)
        } else {
            let parts = summary(frame, records_per_s);
            let parts: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
            format!("{}\n", parts.join("; "))
        };
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Prints text below the last frame, which stays.
    pub fn say(&mut self, text: &str) {
        println!("{text}");
        self.lines_drawn = 0;
    }

    /// The control codes and lines that replace the last drawing. After another size nothing is
    /// where it was: everything is drawn anew.
    fn in_place(&mut self, frame: &Frame, records_per_s: f64) -> String {
        let size = size();
        let back = if size != self.size {
            self.size = size;
            format!("{CLEAR_ALL}{}", self.heading)
        } else if self.lines_drawn > 0 {
            format!("\x1b[{}A\r", self.lines_drawn)
        } else {
            String::new()
        };
        let above = lines_taken(&self.heading, size.width);
        let lines = lines(frame, records_per_s, size, above);
        self.lines_drawn = lines.len();
        redraw(&back, &lines)
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

fn redraw(back: &str, lines: &[String]) -> String {
    let mut text = format!("{back}{WRAP_OFF}");
    for line in lines {
        // Before the text: near the edge some terminals would take its last character along.
        text.push_str(CLEAR_LINE);
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(CLEAR_BELOW);
    text.push_str(WRAP_ON);
    text
}

/// How many lines of the terminal a text takes.
fn lines_taken(text: &str, width: usize) -> usize {
    text.lines()
        .map(|line| line.chars().count().div_ceil(width.max(1)).max(1))
        .sum()
}

fn size() -> Size {
    match terminal_size() {
        Some((Width(width), Height(height))) if width > 0 && height > 0 => Size {
            width: width.into(),
            height: height.into(),
        },
        _ => DEFAULT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_clears_what_longer_lines_and_more_lines_left() {
        let lines = ["one".to_owned(), "two".to_owned()];
        assert_eq!(
            redraw("\x1b[5A\r", &lines),
            "\x1b[5A\r\x1b[?7l\x1b[Kone\n\x1b[Ktwo\n\x1b[J\x1b[?7h"
        );
    }

    #[test]
    fn lines_that_wrap_are_counted() {
        assert_eq!(lines_taken("", 10), 0);
        assert_eq!(lines_taken("a\n\n0123456789\n01234567890\n", 10), 5);
    }
}
