//! The schema of a JSON text, written as in Spark.
//!
//! `name TYPE, name: TYPE, …` declares an object, as does `STRUCT<…>`; `ARRAY<TYPE>` an array.
//! Words are not case-sensitive, field names are; a name in backquotes may hold any character but
//! a quote, a backslash and control characters.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::plan_err;
use datafusion::error::Result;

use super::reader::DEPTH_MAX;

const KNOWN: &str = "STRING, BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, STRUCT<…>, ARRAY<…>";

/// The Arrow type of a schema: a struct or a list. Everything in it is nullable.
pub fn parse(schema: &str) -> Result<DataType> {
    let mut parser = Parser {
        schema,
        at: 0,
        depth: 0,
    };
    let data_type = match parser.outer_type()? {
        Some(data_type) => data_type,
        None => parser.fields(None)?,
    };
    match parser.peek() {
        None => Ok(data_type),
        Some(_) => parser.fail("the end of the schema or a comma"),
    }
}

struct Parser<'a> {
    schema: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// `STRUCT<…>` or `ARRAY<…>`, if the schema begins so.
    fn outer_type(&mut self) -> Result<Option<DataType>> {
        let word = self.word().to_ascii_uppercase();
        let composite = matches!(word.as_str(), "STRUCT" | "ARRAY") && self.peek() == Some('<');
        self.at = 0;
        composite.then(|| self.data_type()).transpose()
    }

    fn data_type(&mut self) -> Result<DataType> {
        self.peek();
        let start = self.at;
        Ok(match self.word().to_ascii_uppercase().as_str() {
            "STRING" => DataType::Utf8,
            "BOOLEAN" => DataType::Boolean,
            "INT" | "INTEGER" => DataType::Int32,
            "BIGINT" | "LONG" => DataType::Int64,
            "FLOAT" | "REAL" => DataType::Float32,
            "DOUBLE" => DataType::Float64,
            "STRUCT" => self.nested(|parser| parser.fields(Some('>')))?,
            "ARRAY" => {
                let item = self.nested(Self::data_type)?;
                DataType::List(Arc::new(Field::new_list_field(item, true)))
            }
            _ => {
                self.at = start;
                return self.fail(&format!("a type ({KNOWN})"));
            }
        })
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Result<DataType>) -> Result<DataType> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return plan_err!("from_json: the schema is nested deeper than {DEPTH_MAX} levels");
        }
        self.expect('<')?;
        let data_type = inner(self)?;
        self.expect('>')?;
        self.depth -= 1;
        Ok(data_type)
    }

    /// Fields up to `end`, which stays unread.
    fn fields(&mut self, end: Option<char>) -> Result<DataType> {
        let mut fields: Vec<Field> = Vec::new();
        loop {
            let name = self.name()?;
            if fields.iter().any(|field| *field.name() == name) {
                return plan_err!("from_json: the schema declares field {name:?} twice");
            }
            self.take(':');
            fields.push(Field::new(name, self.data_type()?, true));
            if self.peek() == end {
                return Ok(DataType::Struct(Fields::from(fields)));
            }
            self.expect(',')?;
        }
    }

    fn name(&mut self) -> Result<String> {
        let name = if self.take('`') {
            let rest = &self.schema[self.at..];
            let Some(length) = rest.find('`') else {
                return self.fail("a closing backquote");
            };
            self.at += length + 1;
            &rest[..length]
        } else {
            self.word()
        };
        let plain = |c: char| c != '"' && c != '\\' && !c.is_control();
        if name.is_empty() || !name.chars().all(plain) {
            return self.fail("a field name");
        }
        Ok(name.to_string())
    }

    /// Letters, digits and underscores; empty if something else is next.
    fn word(&mut self) -> &'a str {
        self.peek();
        let rest = &self.schema[self.at..];
        let length = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn peek(&mut self) -> Option<char> {
        let rest = &self.schema[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<()> {
        if self.take(wanted) {
            return Ok(());
        }
        self.fail(&format!("'{wanted}'"))
    }

    fn fail<T>(&mut self, wanted: &str) -> Result<T> {
        let found = match self.peek() {
            None => "it ends".to_string(),
            Some(_) => {
                let rest: String = self.schema[self.at..].chars().take(20).collect();
                format!("found {rest:?}")
            }
        };
        let column = self.schema[..self.at].chars().count() + 1;
        plan_err!("from_json: the schema needs {wanted} at character {column}, but {found}")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shape(schema: &str) -> String {
        parse(schema).unwrap().to_string()
    }

    #[test]
    fn spark_schemas_are_read() {
        let flat = shape("a STRING, b BIGINT");
        assert_eq!(shape("a:string,b:long"), flat);
        assert_eq!(shape("STRUCT<a: STRING, b: BIGINT>"), flat);
        assert_eq!(shape(" struct < `a` STRING , b BIGINT > "), flat);
        let nested = parse("ARRAY<STRUCT<a STRING, c STRUCT<d: DOUBLE, e ARRAY<INT>>>>").unwrap();
        let DataType::List(item) = nested else {
            unreachable!("an array is a list")
        };
        assert!(item.is_nullable());
        // Names that are words of the grammar.
        assert_eq!(
            shape("struct STRING, array INT").matches("struct").count(),
            1
        );
        assert!(shape("`a b` STRING").contains("a b"));
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            ("", "needs a field name at character 1, but it ends"),
            (
                "a",
                "needs a type (STRING, BOOLEAN, INT, BIGINT, FLOAT, DOUBLE, STRUCT<…>, ARRAY<…>) at character 2, but it ends",
            ),
            (
                "a STRIN, b INT",
                "at character 3, but found \"STRIN, b INT\"",
            ),
            (
                "a STRING b INT",
                "needs ',' at character 10, but found \"b INT\"",
            ),
            (
                "a STRING,",
                "needs a field name at character 10, but it ends",
            ),
            ("a STRING, a INT", "declares field \"a\" twice"),
            ("ARRAY<INT", "needs '>' at character 10, but it ends"),
            (
                "ARRAY<INT> x",
                "needs the end of the schema or a comma at character 12, but found \"x\"",
            ),
            ("`a STRING", "needs a closing backquote"),
            ("`a\"b` STRING", "needs a field name"),
            ("a STRUCT<>", "needs a field name at character 10"),
        ];
        for (schema, expected) in cases {
            let error = parse(schema).unwrap_err().to_string();
            assert!(error.contains(expected), "{schema:?}: {error}");
        }
        let deep = format!("{}INT{}", "ARRAY<".repeat(100), ">".repeat(100));
        assert!(
            parse(&deep)
                .unwrap_err()
                .to_string()
                .contains("deeper than 64")
        );
    }
}
