//! `OPTIONS ('name' 'value', …)` of a `CREATE EXTERNAL TABLE`, each name known.

use std::collections::BTreeMap;
use std::time::Duration;

use common::near_name::suggestion;
use datafusion::sql::parser::CreateExternalTable;
use datafusion::sql::sqlparser::ast::Value;

use super::fault::Fault;
use super::source_text::SourceText;

const CLAUSE: &str = "OPTIONS";

/// Reads the options of a statement that knows these names.
pub(super) fn options(
    text: &SourceText,
    create: &CreateExternalTable,
    known: &[&str],
) -> Result<BTreeMap<String, String>, Fault> {
    let mut options = BTreeMap::new();
    for (name, value) in &create.options {
        let name = name.to_lowercase();
        if !known.contains(&name.as_str()) {
            let help = if known.is_empty() {
                Some(format!("STORED AS {} takes no options", create.file_type))
            } else {
                suggestion(&name, known.iter().copied())
            };
            return Err(text
                .fault_in(CLAUSE, format!("unknown option '{name}'"))
                .help_if_any(help));
        }
        let value = match value {
            Value::SingleQuotedString(s) | Value::DoubleQuotedString(s) => s.clone(),
            other => other.to_string(),
        };
        if options.insert(name.clone(), value).is_some() {
            return Err(text.fault_in(CLAUSE, format!("option '{name}' is given twice")));
        }
    }
    Ok(options)
}

/// The names in a value such as `product, device`.
pub(super) fn names(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect()
}

/// A length of time such as `90 s`, `10 minutes` or `1 h`.
pub(super) fn duration(text: &SourceText, name: &str, value: &str) -> Result<Duration, Fault> {
    let value = value.trim();
    let digits = value
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(value.len());
    let unit_s = match value[digits..].trim() {
        "s" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        _ => 0,
    };
    let count: Option<u64> = value[..digits].parse().ok();
    match count.and_then(|n| n.checked_mul(unit_s)) {
        Some(seconds) if unit_s > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(text
            .fault_in(
                CLAUSE,
                format!("option '{name}': '{value}' is not a length of time"),
            )
            .help("write for example '10 minutes'; units: s, min, h, d")),
    }
}
