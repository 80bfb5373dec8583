//! Whether a stored table is the declared one.

use common::{EngineError, Result, TableDef};
use serde_json::Value;

use super::actions::MetaData;
use super::{properties, schema};

/// Checks that a stored table has the declared columns, apart from comments, partitions, and, if it
/// is a ledger, key and order.
///
/// # Errors
/// [`common::Kind::Invalid`], naming the first thing that differs, how it is stored and how it is
/// declared; [`common::Kind::Data`] for a stored schema that is none.
pub fn check_same(table: &TableDef, stored: &MetaData) -> Result<()> {
    let columns = serde_json::from_str(&stored.schema_string).map_err(|e| {
        EngineError::data(format!(
            "the stored schema of table {} is not JSON",
            table.name
        ))
        .caused_by(e)
    })?;
    let found = difference(&schema::schema_json(table)?, &columns, "")
        .or_else(|| other_partitions(table, stored))
        .or_else(|| properties::difference(table, stored));
    match found {
        None => Ok(()),
        Some(found) => Err(EngineError::invalid(format!(
            "table {}: {found}; declare it as it is stored, or give it another name and location",
            table.name
        ))),
    }
}

fn other_partitions(table: &TableDef, stored: &MetaData) -> Option<String> {
    (stored.partition_columns != table.partition_by).then(|| {
        format!(
            "stored partitioned by ({}), declared partitioned by ({})",
            stored.partition_columns.join(", "),
            table.partition_by.join(", ")
        )
    })
}

/// The first difference between two struct types, in words.
fn difference(declared: &Value, stored: &Value, prefix: &str) -> Option<String> {
    let fields = |of: &Value| of["fields"].as_array().cloned().unwrap_or_default();
    let (declared, stored) = (fields(declared), fields(stored));
    let name = |field: &Value| format!("{prefix}{}", field["name"].as_str().unwrap_or("?"));
    for field in &declared {
        let Some(other) = stored.iter().find(|s| s["name"] == field["name"]) else {
            return Some(format!("column {} is declared but not stored", name(field)));
        };
        if field["nullable"] != other["nullable"] {
            let word = |f: &Value| {
                if f["nullable"] == true {
                    "NULL"
                } else {
                    "NOT NULL"
                }
            };
            return Some(format!(
                "column {} is stored {} and declared {}",
                name(field),
                word(other),
                word(field)
            ));
        }
        if let Some(found) = type_difference(&field["type"], &other["type"], &name(field)) {
            return Some(found);
        }
    }
    if let Some(field) = stored
        .iter()
        .find(|s| !declared.iter().any(|d| d["name"] == s["name"]))
    {
        return Some(format!("column {} is stored but not declared", name(field)));
    }
    let out_of_order = declared
        .iter()
        .zip(&stored)
        .find(|(d, s)| d["name"] != s["name"])?;
    Some(format!(
        "column {} is declared where {} is stored",
        name(out_of_order.0),
        name(out_of_order.1)
    ))
}

fn type_difference(declared: &Value, stored: &Value, column: &str) -> Option<String> {
    if declared["type"] == "struct" && stored["type"] == "struct" {
        return difference(declared, stored, &format!("{column}."));
    }
    if declared["type"] == "array"
        && stored["type"] == "array"
        && declared["containsNull"] == stored["containsNull"]
    {
        return type_difference(
            &declared["elementType"],
            &stored["elementType"],
            &format!("{column}[]"),
        );
    }
    (declared != stored).then(|| {
        format!(
            "column {column} is stored as {} and declared as {}",
            type_name(stored),
            type_name(declared)
        )
    })
}

fn type_name(of: &Value) -> &str {
    of.as_str().or_else(|| of["type"].as_str()).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field};
    use common::position_type;

    use super::*;
    use crate::delta::new_table_actions;
    use crate::delta::tests::table;

    #[test]
    fn a_schema_equals_itself_and_its_first_difference_is_named() {
        let base = || {
            vec![
                Field::new("a", DataType::Int64, true),
                Field::new("position", position_type(), false),
                Field::new(
                    "tags",
                    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
                    true,
                ),
            ]
        };
        let [_, made] = new_table_actions(&table(base()), 0).unwrap();
        let stored = made.meta_data.unwrap();
        check_same(&table(base()), &stored).unwrap();

        let mut wider = base();
        wider.push(Field::new("b", DataType::Utf8, true));
        let mut typed = base();
        typed[0] = Field::new("a", DataType::Int32, true);
        let mut strict = base();
        strict[0] = Field::new("a", DataType::Int64, false);
        for (fields, expected) in [
            (wider, "column b is declared but not stored"),
            (base()[1..].to_vec(), "column a is stored but not declared"),
            (typed, "column a is stored as long and declared as integer"),
            (strict, "column a is stored NULL and declared NOT NULL"),
            (
                vec![base()[0].clone(), base()[2].clone(), base()[1].clone()],
                "column tags is declared where position is stored",
            ),
        ] {
            let message = check_same(&table(fields), &stored).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
