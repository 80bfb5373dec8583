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
    if let Some(told) = no_such_call(&text) {
        return told;
    }
    let text = text.replace("While expanding wildcard, ", "");
    let mut text = text.as_str();
    for prefix in [
        "Error during planning: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "External error: ",
        "Parser error: ",
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

/// A call whose arguments don't fit. DataFusion tells it with every attempt to make them fit, and
/// takes it for a bug of its own where there are several.
fn no_such_call(text: &str) -> Option<(String, Option<String>)> {
    let (tried, told) =
        text.split_once("No function matches the given name and argument types '")?;
    if let Some((_, own)) = tried.split_once("user-defined coercion failed with: ") {
        let own = own.strip_prefix("Error during planning: ").unwrap_or(own);
        return Some((own.trim().trim_end_matches('.').to_owned(), None));
    }
    let (call, rest) = told.split_once("'. ")?;
    let (_, candidates) = rest.split_once("Candidate functions:")?;
    let candidates: Vec<&str> = candidates.split('\n').map(str::trim).collect();
    let known = candidates.join(" ");
    let help = format!("there is {}", known.trim().replace(") ", "), "));
    Some((format!("there is no {call}"), Some(help)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, Option<String>) {
        plain_message(&DataFusionError::Plan(text.to_owned()))
    }

    #[test]
    fn a_call_with_wrong_arguments_is_told_by_what_there_is() {
        let own = "Function 'from_json' user-defined coercion failed with: Error during planning: \
                   from_json takes 2 arguments, got 1. No function matches the given name and \
                   argument types 'from_json(Utf8)'. You might need to add explicit type casts.\n\
                   \tCandidate functions:\n\tfrom_json(UserDefined)";
        let expected = "from_json takes 2 arguments, got 1";
        assert_eq!(told(own), (expected.to_owned(), None));
        let plain = "Internal error: Function 'date_trunc' failed to match any signature, errors: … \
                     This issue was likely caused by a bug in DataFusion's code. No function matches \
                     the given name and argument types 'date_trunc(Utf8, Int64)'. You might need to \
                     add explicit type casts.\n\tCandidate functions:\n\tdate_trunc(String, \
                     Timestamp)\n\tdate_trunc(String, Time)";
        let help = "there is date_trunc(String, Timestamp), date_trunc(String, Time)";
        let expected = "there is no date_trunc(Utf8, Int64)";
        assert_eq!(told(plain), (expected.to_owned(), Some(help.to_owned())));
    }
}
