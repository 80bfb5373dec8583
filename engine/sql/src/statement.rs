//! One file's one statement, parsed.

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use datafusion::sql::sqlparser::dialect::GenericDialect;

use super::fault::Fault;
use super::source_text::SourceText;

/// Parses a file that holds exactly one statement.
pub fn parse(text: &SourceText) -> Result<Statement, Fault> {
    let mut statements = DFParserBuilder::new(text.text())
        .with_dialect(&GenericDialect {})
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|e| text.fault_from(&e, "the statement"))?;
    let first = statements.pop_front();
    match first {
        Some(statement) if statements.is_empty() => Ok(statement),
        Some(_) => Err(text
            .fault(format!("has {} statements", statements.len() + 1))
            .help("write one statement a file, named after its object")),
        None => Err(text.fault("has no statement")),
    }
}

/// A name as SQL reads it: lower case unless quoted.
pub fn normal(ident: &Ident) -> String {
    if ident.quote_style.is_some() {
        ident.value.clone()
    } else {
        ident.value.to_lowercase()
    }
}

/// The name of an object without a schema; None if it is qualified.
pub fn simple_name(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Some(normal(ident)),
        _ => None,
    }
}

/// The name of the object that a file declares: not qualified, and the file's own.
pub fn object_name(text: &SourceText, name: &ObjectName) -> Result<String, Fault> {
    let found = simple_name(name).ok_or_else(|| {
        text.fault_on(
            name,
            "the object's name",
            format!("name {name} is qualified"),
        )
        .help("write the name alone")
    })?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !found.chars().all(plain) || found.starts_with("__") {
        return Err(text
            .fault_on(
                name,
                "the object's name",
                format!("name {found} is not plain"),
            )
            .help("use lower-case letters, digits and underscores"));
    }
    if found != text.name() {
        return Err(text
            .fault_on(
                name,
                "the object's name",
                format!(
                    "the statement declares {found}, but the file is named {}",
                    text.name()
                ),
            )
            .help("give both the same name"));
    }
    Ok(found)
}
