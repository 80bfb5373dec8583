//! An Arrow schema as the schema JSON of a Delta table.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use common::{EngineError, Result, TableDef};
use serde_json::{Value, json};

/// The key of a field's metadata under which its comment stands, in Arrow as in Delta.
pub const COMMENT: &str = "comment";

/// The schema of a table, as the text that `metaData.schemaString` holds.
///
/// # Errors
/// [`common::Kind::Invalid`] for a type that Delta doesn't have, and for names that the
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::tests::table;

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
