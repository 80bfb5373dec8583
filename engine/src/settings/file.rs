//! The configuration file: TOML, in which each setting takes a value of its own kind only.

use std::path::Path;

use toml::{Table, Value};

/// The file's sections. The error names the line that is no TOML.
pub(super) fn parse(path: &Path, text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|e| {
        let line = e
            .span()
            .map_or(1, |s| 1 + text[..s.start].matches('\n').count());
        format!(
            "{}:{line}: {}; a text stands in quotes: name = \"value\"",
            path.display(),
            e.message().replace('\n', " ")
        )
    })
}

/// The entries of a table of names and texts. TOML reads `security.protocol = "ssl"` as a table
/// within the table: its names are joined again.
pub(super) fn joined(table: Table) -> Vec<(String, Value)> {
    let mut entries = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(below) => entries.extend(
                joined(below)
                    .into_iter()
                    .map(|(below, value)| (format!("{name}.{below}"), value)),
            ),
            value => entries.push((name, value)),
        }
    }
    entries
}

/// A value's kind in words; never the value, which may be a secret.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
