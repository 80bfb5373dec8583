//! The message of a parser's or planner's error as a fault says it: plain, with its help apart.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// The error's own message, without the prefixes that say which part of DataFusion raised it, and
/// its help.
pub fn plain_message(error: &DataFusionError) -> (String, Option<String>) {
    let root = match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => {
            return plain_message(inner);
        }
        DataFusionError::Collection(all) if !all.is_empty() => return plain_message(&all[0]),
        root => root,
    };
    let text = match root {
        DataFusionError::SQL(e, _) => match &**e {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
        },
        root => root.strip_backtrace(),
    };
    let mut text = text.as_str();
    for prefix in [
        "Error during planning: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "External error: ",
    ] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    let (text, known) = match text.split_once("Valid fields are ") {
        Some((text, known)) => (
            text,
            Some(format!("known: {}", known.trim_end_matches('.'))),
        ),
        None => (text, None),
    };
    let near = text
        .split_once(". Did you mean ")
        .or_else(|| text.split_once("\nDid you mean "));
    let (text, help) = match near {
        Some((text, near)) => {
            let near = near.replace(['\'', '?', '.'], " ");
            let near = near.split_whitespace().next_back().unwrap_or_default();
            (text, Some(format!("did you mean {near}?")))
        }
        None => (text, known),
    };
    let text = text.trim().trim_end_matches('.').replace('\n', " ");
    let mut chars = text.chars();
    let lowered = match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.clone(),
    };
    (lowered, help)
}

const PLACE: &str = " at Line: ";

/// The place that sqlparser writes at the end of its messages.
pub(super) fn written_place(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once(PLACE)?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = |s: &str| {
        let end = s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        s[..end].parse().ok()
    };
    Some((digits(line)?, digits(column)?))
}

pub(super) fn without_place(message: &str) -> &str {
    message.rsplit_once(PLACE).map_or(message, |(text, _)| text)
}
