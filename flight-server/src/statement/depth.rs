//! A bound on how deep a statement's tree may get.
//!
//! The parser bounds what is nested in parentheses. A chain of operators, as in `a OR b OR c …`, or
//! of set operations passes it, and becomes a tree as deep as the chain is long, which planning
//! walks by recursion: a long one would overflow the stack, and end the server with everybody's
//! queries.

use datafusion::sql::sqlparser::dialect::Dialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Links of chains in one statement. Whoever plans statements needs a stack for as many:
/// [`STACK_BYTES_MIN`](crate::STACK_BYTES_MIN). Planning a chain takes time that grows with the
/// square of its length, and nothing interrupts it: some ten seconds for the longest.
const LINKS_MAX: usize = 2_000;

/// Refuses a statement with too many links, with what to do instead. Text that cannot be read as
/// tokens passes: the parser reports it, with its position.
pub(crate) fn check(sql: &str, dialect: &dyn Dialect) -> Result<(), String> {
    // A link and its operand take two bytes at the least.
    if sql.len() <= 2 * LINKS_MAX {
        return Ok(());
    }
    let Ok(tokens) = Tokenizer::new(dialect, sql).tokenize() else {
        return Ok(());
    };
    let links = tokens.iter().filter(|token| is_link(token)).count();
    if links > LINKS_MAX {
        return Err(format!(
            "the statement has {links} operators, set operations, joins and subqueries, and at \
             most {LINKS_MAX} are taken: write a long chain of `column = value OR …` as `column IN \
             (…)`, or ask in parts"
        ));
    }
    Ok(())
}

/// Whether a token may make the tree one level deeper without a parenthesis.
fn is_link(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::AT
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::DIV
                | Keyword::EXCEPT
                | Keyword::ILIKE
                | Keyword::IN
                | Keyword::INTERSECT
                | Keyword::IS
                | Keyword::JOIN
                | Keyword::LIKE
                | Keyword::MINUS
                | Keyword::NOT
                | Keyword::OR
                | Keyword::OVERLAPS
                | Keyword::REGEXP
                | Keyword::RLIKE
                | Keyword::SELECT
                | Keyword::SIMILAR
                | Keyword::UNION
                | Keyword::XOR
        ),
        Token::EOF
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Whitespace(_)
        | Token::Placeholder(_)
        | Token::Comma
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::RBracket => false,
        // Operators of all dialects, and subscripts.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::GenericDialect;

    use super::*;

    fn chain(link: &str, links: usize) -> Result<(), String> {
        check(&format!("SELECT 1{}", link.repeat(links)), &GenericDialect)
    }

    #[test]
    fn chains_are_refused_once_they_are_too_long() {
        for link in [
            "+1",
            "::int",
            "[1]",
            " OR x",
            " UNION SELECT 1",
            " IS NULL",
            "||'a + b'",
        ] {
            assert!(chain(link, LINKS_MAX / 4).is_ok(), "{link}");
            let refused = chain(link, 2 * LINKS_MAX).err();
            assert!(refused.is_some_and(|e| e.contains("IN (…)")), "{link}");
        }
    }

    #[test]
    fn what_is_long_and_flat_passes() {
        for link in [", 1", ", a.b", ", f(a)", ", 'a OR b'", " -- and so on\n"] {
            assert!(chain(link, 10 * LINKS_MAX).is_ok(), "{link}");
        }
        assert!(check(&"'".repeat(3 * LINKS_MAX + 1), &GenericDialect).is_ok());
    }
}
