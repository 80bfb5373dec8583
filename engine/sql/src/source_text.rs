//! The text of one file of the SQL folder, and the way from a place in it to a [`Fault`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::near_name::suggestion;
use datafusion::common::Span;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::Spanned;

use super::fault::{Fault, Place};
use super::planner_message::{plain_message, without_place, written_place};
use super::variables::{Substituted, WrongKind, substitute};

/// A file's text with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    file: PathBuf,
    name: String,
    substituted: Substituted,
}

impl SourceText {
    /// Reads a file and replaces its variables.
    pub(super) fn read(
        file: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| vec![Fault::of_file(file, format!("cannot be read: {e}"))])?;
        Self::new(file, &text, variables)
    }

    /// A text as if it had been read from a file.
    pub(super) fn new(
        file: &Path,
        text: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let stem = file.file_stem().and_then(|s| s.to_str());
        let substituted = substitute(text, variables).map_err(|wrong| {
            wrong
                .into_iter()
                .map(|w| {
                    let mut fault = unreplaced(file, &w.kind, variables);
                    fault.place = Place::At {
                        line: w.line,
                        column: w.column,
                    };
                    fault
                })
                .collect::<Vec<_>>()
        })?;
        Ok(Self {
            file: file.to_owned(),
            name: stem.unwrap_or_default().to_owned(),
            substituted,
        })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The file's stem: the name that its object must have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the variables in it.
    pub(super) fn variables(&self) -> &BTreeSet<String> {
        &self.substituted.names
    }

    /// The text after substitution.
    pub fn text(&self) -> &str {
        &self.substituted.text
    }

    /// The comment lines that the file begins with, without their dashes.
    pub(super) fn header(&self) -> Option<String> {
        let lines: Vec<&str> = self
            .text()
            .lines()
            .map_while(|l| l.trim().strip_prefix("--"))
            .map(str::trim)
            .collect();
        let header = lines.join("\n").trim().to_owned();
        (!header.is_empty()).then_some(header)
    }

    /// The statement's text: the file without its header and its last semicolon.
    pub(super) fn statement_text(&self) -> &str {
        let mut rest = self.text().trim_start();
        while rest.starts_with("--") {
            rest = rest
                .split_once('\n')
                .map_or("", |(_, rest)| rest)
                .trim_start();
        }
        rest.trim_end().trim_end_matches(';').trim_end()
    }

    /// A fault of the whole file.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::of_file(&self.file, message)
    }

    /// A fault of a clause.
    pub fn fault_in(&self, clause: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault {
            place: Place::Clause(clause.into()),
            ..self.fault(message)
        }
    }

    /// A fault at a line and column of the substituted text; line 0 is nowhere.
    pub fn fault_at(&self, line: u64, column: u64, message: impl Into<String>) -> Fault {
        let mut fault = self.fault(message);
        if line > 0 {
            fault.place = Place::At {
                line,
                column: self.substituted.written_column(line, column),
            };
        }
        fault
    }

    /// A fault at a node of the syntax tree; of the clause where the node has no position.
    pub fn fault_on(&self, node: &impl Spanned, clause: &str, message: impl Into<String>) -> Fault {
        let start = node.span().start;
        if start.line == 0 {
            self.fault_in(clause, message)
        } else {
            self.fault_at(start.line, start.column, message)
        }
    }

    /// A parser's or planner's error as a fault, at its position if it has one.
    pub fn fault_from(&self, error: &DataFusionError, clause: &str) -> Fault {
        let span: Option<Span> = error.diagnostic().and_then(|d| d.span);
        let (message, help) = plain_message(error);
        let found = span
            .map(|s| (s.start.line, s.start.column))
            .or_else(|| written_place(&message))
            .or_else(|| self.place_of_quoted(&message));
        let message = without_place(&message);
        match found {
            Some((line, column)) => self.fault_at(line, column, message),
            None => self.fault_in(clause, message),
        }
        .help_if_any(help)
    }

    /// The place of a name that the message quotes, if it stands once in the text: planner errors
    /// without a position usually name the function or column that they are about.
    fn place_of_quoted(&self, message: &str) -> Option<(u64, u64)> {
        let name = message.split('\'').nth(1)?.rsplit('.').next()?;
        let name = name.trim_matches('"');
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_word) {
            return None;
        }
        let lower = self.text().to_lowercase();
        let mut places = lower.match_indices(name).filter(|(at, _)| {
            let line = &lower[lower[..*at].rfind('\n').map_or(0, |n| n + 1)..*at];
            let before = line.chars().next_back().is_some_and(is_word);
            let after = lower[at + name.len()..].chars().next().is_some_and(is_word);
            !before && !after && !line.contains("--")
        });
        let (at, _) = places.next()?;
        if places.next().is_some() {
            return None;
        }
        let before = &lower[..at];
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        Some((before.matches('\n').count() as u64 + 1, column as u64 + 1))
    }
}

fn unreplaced(file: &Path, kind: &WrongKind, variables: &BTreeMap<String, String>) -> Fault {
    match kind {
        WrongKind::Unknown(name) => {
            let near = suggestion(name, variables.keys().map(String::as_str));
            Fault::of_file(file, format!("unknown variable ${{{name}}}")).help(near.unwrap_or_else(
                || "set it in section [sql.variables] of the configuration".to_owned(),
            ))
        }
        WrongKind::Unsafe(name) => Fault::of_file(
            file,
            format!("the value of variable ${{{name}}} has a quote or a line break"),
        ),
        WrongKind::Open => {
            Fault::of_file(file, "${ is not closed on its line").help("write ${name}")
        }
    }
}
