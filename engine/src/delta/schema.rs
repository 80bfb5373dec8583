//! An Arrow schema as the schema JSON of a Delta table.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use serde_json::{Value, json};

use crate::error::{EngineError, Result};
use crate::values::TableDef;

/// The key of a field's metadata under which its comment stands, in Arrow as in Delta.
pub const COMMENT: &str = "comment";

/// The schema of a table, as the text that `metaData.schemaString` holds.
///
/// # Errors
/// [`crate::Kind::Invalid`] for a type that Delta doesn't have, and for names that the
/// statistics could not tell apart (a dot in a name) or a log could not hold.
pub fn schema_json(table: &TableDef) -> Result<Value> {
    for column in &table.partition_by {
        if table.schema.field_with_name(column).is_err() {
            return Err(EngineError::invalid(format!(
                "table {}: partition column {column} is not a column of the table",
                table.name
            )));
        }
    }
    struct_json(table.schema.fields()).map_err(|e| e.context(format!("table {}", table.name)))
}

fn struct_json(fields: &Fields) -> Result<Value> {
    let fields = fields
        .iter()
        .map(|field| field_json(field).map_err(|e| e.context(format!("column {}", field.name()))))
        .collect::<Result<Vec<_>>>()?;
    Ok(json!({"type": "struct", "fields": fields}))
}

fn field_json(field: &Field) -> Result<Value> {
    if field.name().is_empty()
        || field
            .name()
            .contains(" .,;{}()\n\t=".chars().collect::<Vec<_>>().as_slice())
    {
        return Err(EngineError::invalid(
            "a stored column's name must not be empty nor hold any of ` .,;{}()=`, a tab or a \
             line break",
        ));
    }
    let mut metadata = serde_json::Map::new();
    if let Some(comment) = field.metadata().get(COMMENT) {
        metadata.insert(COMMENT.to_owned(), json!(comment));
    }
    Ok(json!({
        "name": field.name(),
        "type": type_json(field.data_type())?,
        "nullable": field.is_nullable(),
        "metadata": metadata,
    }))
}

fn type_json(data_type: &DataType) -> Result<Value> {
    Ok(match data_type {
        DataType::Utf8 => json!("string"),
        DataType::Int64 => json!("long"),
        DataType::Int32 => json!("integer"),
        DataType::Int16 => json!("short"),
        DataType::Int8 => json!("byte"),
        DataType::Float32 => json!("float"),
        DataType::Float64 => json!("double"),
        DataType::Boolean => json!("boolean"),
        DataType::Binary => json!("binary"),
        DataType::Date32 => json!("date"),
        DataType::Decimal128(precision, scale) => json!(format!("decimal({precision},{scale})")),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            json!("timestamp")
        }
        DataType::Struct(fields) => struct_json(fields)?,
        DataType::List(item) => json!({
            "type": "array",
            "elementType": type_json(item.data_type())?,
            "containsNull": item.is_nullable(),
        }),
        other => {
            return Err(EngineError::invalid(format!(
                "type {other} cannot be stored; times are TIMESTAMP in UTC with microseconds, \
                 text is STRING"
            )));
        }
    })
}

/// Checks that a stored schema is the declared one, apart from comments.
///
/// # Errors
/// [`crate::Kind::Invalid`], naming the first column that differs, how it is stored and how it
/// is declared.
pub fn check_same(table: &TableDef, stored: &Value, partition_columns: &[String]) -> Result<()> {
    let declared = schema_json(table)?;
    if let Some(difference) = difference(&declared, stored, "") {
        return Err(EngineError::invalid(format!(
            "table {}: {difference}; declare it as it is stored, or give the table another \
             location",
            table.name
        )));
    }
    if partition_columns != table.partition_by {
        return Err(EngineError::invalid(format!(
            "table {}: stored partitioned by ({}), declared partitioned by ({}); declare it as \
             it is stored, or give the table another location",
            table.name,
            partition_columns.join(", "),
            table.partition_by.join(", ")
        )));
    }
    Ok(())
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

    use arrow::datatypes::Schema;

    use super::*;
    use crate::values::{TableKind, position_type};

    fn table(fields: Vec<Field>) -> TableDef {
        TableDef {
            name: Arc::from("t"),
            location: "t".to_owned(),
            kind: TableKind::Events,
            schema: Arc::new(Schema::new(fields)),
            partition_by: vec![],
            comment: None,
        }
    }

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
        let stored = schema_json(&table(base())).unwrap();
        check_same(&table(base()), &stored, &[]).unwrap();

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
            let message = check_same(&table(fields), &stored, &[])
                .unwrap_err()
                .to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_delta_cannot_hold_is_refused() {
        for field in [
            Field::new("a.b", DataType::Int64, true),
            Field::new("a", DataType::UInt64, true),
            Field::new("a", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        ] {
            assert!(schema_json(&table(vec![field])).is_err());
        }
    }
}
