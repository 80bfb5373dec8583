//! Question marks turned into numbered parameters.

use std::borrow::Cow;

use datafusion::sql::sqlparser::dialect::Dialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// The statement with every `?` that stands for a parameter written as `$1`, `$2`, … from the
/// left, and `?3` as `$3`: DataFusion tells parameters apart by these names only. Works on tokens,
/// so question marks in strings, quoted names and comments stay; those that the dialect reads as an
/// operator stay too.
pub(crate) fn number<'a>(sql: &'a str, dialect: &dyn Dialect) -> Result<Cow<'a, str>, String> {
    if !sql.contains('?') {
        return Ok(Cow::Borrowed(sql));
    }
    // What cannot be read as tokens is reported by the parser, with its position.
    let Ok(tokens) = Tokenizer::new(dialect, sql).tokenize_with_location() else {
        return Ok(Cow::Borrowed(sql));
    };
    let marks = marks(&tokens);
    let numbered = tokens.iter().any(|t| is_numbered(&t.token));
    if numbered && marks.iter().any(|m| m.number.is_none()) {
        return Err(
            "parameters are written either as ? or as $1, $2, …, not both in one statement"
                .to_owned(),
        );
    }
    Ok(if marks.is_empty() {
        Cow::Borrowed(sql)
    } else {
        Cow::Owned(rewrite(sql, &marks))
    })
}

/// A question mark in the place of an operand.
struct Mark {
    at: Location,
    /// The digits behind it, if any.
    number: Option<String>,
}

fn marks(tokens: &[TokenWithSpan]) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut after_operand = false;
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::Placeholder(text) if text.starts_with('?') => {
                let digits = &text[1..];
                marks.push(Mark {
                    at: token.span.start,
                    number: (!digits.is_empty()).then(|| digits.to_owned()),
                });
                after_operand = true;
            }
            Token::Question if !after_operand => {
                marks.push(Mark {
                    at: token.span.start,
                    number: None,
                });
                after_operand = true;
            }
            other => after_operand = ends_operand(other),
        }
    }
    marks
}

fn is_numbered(token: &Token) -> bool {
    matches!(token, Token::Placeholder(text) if text.starts_with('$') || text.len() > 1)
}

fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword == Keyword::NoKeyword || word.quote_style.is_some(),
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_)
        | Token::RParen
        | Token::RBracket => true,
        _ => false,
    }
}

fn rewrite(sql: &str, marks: &[Mark]) -> String {
    let mut out = String::with_capacity(sql.len() + 2 * marks.len());
    let mut marks = marks.iter().peekable();
    let mut counted = 0;
    let (mut line, mut column) = (1, 1);
    for c in sql.chars() {
        match marks.next_if(|m| (m.at.line, m.at.column) == (line, column)) {
            // The digits of ?3 follow by themselves.
            Some(mark) if mark.number.is_some() => out.push('$'),
            Some(_) => {
                counted += 1;
                out.push('$');
                out.push_str(&counted.to_string());
            }
            None => out.push(c),
        }
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use datafusion::sql::sqlparser::dialect::{GenericDialect, PostgreSqlDialect};

    use super::*;

    #[test]
    fn question_marks_are_numbered_outside_strings_and_comments() {
        for (sql, expected) in [
            ("select 1", "select 1"),
            ("select ?, ?", "select $1, $2"),
            (
                "select '?' as \"?\", -- ?\n é, ? /* ? */\nfrom t where a=? and b in (?,?)",
                "select '?' as \"?\", -- ?\n é, $1 /* ? */\nfrom t where a=$2 and b in ($3,$4)",
            ),
            ("select ?2, ?1", "select $2, $1"),
            ("select '", "select '"),
        ] {
            assert_eq!(number(sql, &GenericDialect {}).unwrap(), expected);
        }
        assert!(number("select ?, $1", &GenericDialect {}).is_err());
    }

    #[test]
    fn operators_of_a_dialect_stay() {
        assert_eq!(
            number(
                "select j ? 'a' from t where x = ? and ? < y",
                &PostgreSqlDialect {}
            )
            .unwrap(),
            "select j ? 'a' from t where x = $1 and $2 < y"
        );
    }
}
