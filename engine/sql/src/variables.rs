//! `${name}` in a file of the SQL folder becomes a value of the configuration; `${name:-default}`,
//! as in shells, has a default where the configuration has none or an empty one.
//!
//! Values hold no quotes and no line breaks, so a substituted text has the lines of its file, and
//! a column in it maps back to a column of the file.

use std::collections::{BTreeMap, BTreeSet};

/// A text after substitution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Substituted {
    /// The text.
    pub(super) text: String,
    /// The names of the variables in it.
    pub(super) names: BTreeSet<String>,
    replaced: Vec<Replaced>,
}

/// One `${name}`, all numbers in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replaced {
    line: u64,
    written_at: u64,
    written_length: u64,
    became_at: u64,
    became_length: u64,
}

/// A `${…}` that can't be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) kind: WrongKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WrongKind {
    /// No variable has this name.
    Unknown(String),
    /// The variable's value has a quote or a line break.
    Unsafe(String),
    /// `${` without `}` on the same line.
    Open,
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    Quote(char),
    LineComment,
    BlockComment,
}

/// Replaces every `${name}` outside comments.
pub(super) fn substitute(
    text: &str,
    variables: &BTreeMap<String, String>,
) -> Result<Substituted, Vec<Wrong>> {
    let mut out = Substituted::default();
    let mut wrong = Vec::new();
    let (mut line, mut column, mut became) = (1, 1, 1);
    let mut inside = Inside::Code;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        inside = next_inside(inside, rest);
        if !matches!(inside, Inside::LineComment | Inside::BlockComment)
            && let Some(after) = rest.strip_prefix("${")
        {
            match value_of(after, variables) {
                Ok((written, value)) => {
                    let written_length = written.chars().count() as u64 + 3;
                    let became_length = value.chars().count() as u64;
                    out.names.insert(name_of(written).to_owned());
                    out.replaced.push(Replaced {
                        line,
                        written_at: column,
                        written_length,
                        became_at: became,
                        became_length,
                    });
                    out.text.push_str(value);
                    column += written_length;
                    became += became_length;
                    rest = &after[written.len() + 1..];
                    continue;
                }
                Err(kind) => wrong.push(Wrong { line, column, kind }),
            }
        }
        out.text.push(c);
        rest = &rest[c.len_utf8()..];
        if c == '\n' {
            (line, column, became) = (line + 1, 1, 1);
        } else {
            (column, became) = (column + 1, became + 1);
        }
    }
    if wrong.is_empty() {
        Ok(out)
    } else {
        Err(wrong)
    }
}

/// What stands between the braces, and its value.
fn value_of<'a>(
    after: &'a str,
    variables: &'a BTreeMap<String, String>,
) -> Result<(&'a str, &'a str), WrongKind> {
    let line = after.lines().next().unwrap_or_default();
    let end = line.find('}').ok_or(WrongKind::Open)?;
    let written = &line[..end];
    let name = name_of(written);
    let default = written.split_once(":-").map(|(_, default)| default);
    let set = variables.get(name).map(String::as_str);
    let value = match default {
        Some(default) => set.filter(|v| !v.is_empty()).unwrap_or(default),
        None => set.ok_or_else(|| WrongKind::Unknown(name.to_owned()))?,
    };
    if value.contains(['\'', '"', '\n', '\r', '\0']) {
        return Err(WrongKind::Unsafe(name.to_owned()));
    }
    Ok((written, value))
}

/// The name in what stands between the braces.
fn name_of(written: &str) -> &str {
    written.split_once(":-").map_or(written, |(name, _)| name)
}

/// What the character at the start of `rest` stands in.
fn next_inside(inside: Inside, rest: &str) -> Inside {
    match inside {
        Inside::Code if rest.starts_with("--") => Inside::LineComment,
        Inside::Code if rest.starts_with("/*") => Inside::BlockComment,
        Inside::Code if rest.starts_with('\'') => Inside::Quote('\''),
        Inside::Code if rest.starts_with('"') => Inside::Quote('"'),
        Inside::Quote(q) if rest.starts_with(q) => Inside::Code,
        Inside::LineComment if rest.starts_with('\n') => Inside::Code,
        Inside::BlockComment if rest.starts_with("*/") => Inside::Code,
        Inside::Code | Inside::Quote(_) | Inside::LineComment | Inside::BlockComment => inside,
    }
}

impl Substituted {
    /// The column of the file that a column of the text comes from. What stands inside a value
    /// comes from its `${name}`.
    pub(super) fn written_column(&self, line: u64, column: u64) -> u64 {
        let before = self
            .replaced
            .iter()
            .rfind(|r| r.line == line && r.became_at <= column);
        match before {
            None => column,
            Some(r) if column < r.became_at + r.became_length => r.written_at,
            Some(r) => r.written_at + r.written_length + (column - r.became_at - r.became_length),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, String> {
        [("t", "mobile-logs"), ("z", "X"), ("bad", "a'b")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
    }

    #[test]
    fn columns_map_back_to_the_file() {
        let done = substitute("ab '${t}' x ${z} y\n${z}q", &variables()).unwrap();
        assert_eq!(done.text, "ab 'mobile-logs' x X y\nXq");
        let written = |line, column| done.written_column(line, column);
        assert_eq!(written(1, 1), 1);
        assert_eq!(written(1, 5), 5);
        assert_eq!(written(1, 9), 5);
        assert_eq!(written(1, 18), 11);
        assert_eq!(written(1, 20), 13);
        assert_eq!(written(1, 22), 18);
        assert_eq!(written(2, 2), 5);
    }

    #[test]
    fn a_default_stands_in_for_a_value_that_is_missing_or_empty() {
        let mut variables = variables();
        variables.insert("empty".into(), String::new());
        let done = |text: &str| substitute(text, &variables).map(|s| s.text);
        assert_eq!(done("${t:-other}").unwrap(), "mobile-logs");
        assert_eq!(done("${no:-other}").unwrap(), "other");
        assert_eq!(done("${empty:-other}").unwrap(), "other");
        assert_eq!(done("${empty}${no:-}").unwrap(), "");
        assert_eq!(done("${no:-a:-b}").unwrap(), "a:-b");
        let wrong = done("x ${no:-it's}").unwrap_err();
        assert_eq!(wrong[0].kind, WrongKind::Unsafe("no".into()));
        let mapped = substitute("'${no:-other}' y", &variables).unwrap();
        assert_eq!(mapped.written_column(1, 4), 2);
        assert_eq!(mapped.written_column(1, 9), 16);
    }

    #[test]
    fn comments_are_left_alone_and_all_wrong_names_are_told() {
        let text = "-- ${nothing} isn't read\n/* ${x} */ '${u}' ${bad}\n${open";
        let wrong = substitute(text, &variables()).unwrap_err();
        let told: Vec<_> = wrong.iter().map(|w| (w.line, w.column)).collect();
        assert_eq!(told, [(2, 13), (2, 19), (3, 1)]);
        assert_eq!(wrong[0].kind, WrongKind::Unknown("u".into()));
        assert_eq!(wrong[1].kind, WrongKind::Unsafe("bad".into()));
        assert_eq!(wrong[2].kind, WrongKind::Open);
    }
}
