//! The columns that a `CREATE EXTERNAL TABLE` declares.

use std::collections::BTreeSet;

use arrow::datatypes::Field;
use datafusion::sql::sqlparser::ast::{ColumnDef, ColumnOption, TableConstraint};

use super::column_type::{KNOWN_TYPES, arrow_type};
use super::fault::Fault;
use super::source_text::SourceText;
use super::statement::normal;

/// Reads column definitions; `reserved` are names that the engine adds itself.
pub(super) fn fields(
    text: &SourceText,
    columns: &[ColumnDef],
    reserved: &[&str],
) -> Result<Vec<Field>, Vec<Fault>> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for column in columns {
        match field(text, column, reserved) {
            Ok(field) if !seen.insert(field.name().clone()) => faults.push(text.fault_on(
                column,
                "the columns",
                format!("column {} is declared twice", field.name()),
            )),
            Ok(field) => fields.push(field),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(fields)
    } else {
        Err(faults)
    }
}

fn field(text: &SourceText, column: &ColumnDef, reserved: &[&str]) -> Result<Field, Fault> {
    let name = normal(&column.name);
    let fault = |message: String| text.fault_on(column, "the columns", message);
    if reserved.contains(&name.as_str()) {
        return Err(fault(format!("column {name} is the engine's own"))
            .help("leave it out: the engine appends it"));
    }
    if name.starts_with("__") {
        return Err(fault(format!(
            "column {name}: names with __ in front are the engine's"
        )));
    }
    let data_type = arrow_type(&column.data_type).ok_or_else(|| {
        fault(format!(
            "column {name} has type {}, which tables can't hold",
            column.data_type
        ))
        .help(format!("known: {KNOWN_TYPES}"))
    })?;
    let mut nullable = true;
    for option in &column.options {
        match &option.option {
            ColumnOption::NotNull => nullable = false,
            ColumnOption::Null => {}
            other => {
                return Err(fault(format!("column {name}: {other} is not supported"))
                    .help("a column has a type and, where it must, NOT NULL"));
            }
        }
    }
    Ok(Field::new(name, data_type, nullable))
}

/// The columns of `PRIMARY KEY (…)`, the only constraint there is; empty without one.
pub(super) fn primary_key(
    text: &SourceText,
    constraints: &[TableConstraint],
) -> Result<Vec<String>, Fault> {
    let mut key = Vec::new();
    for constraint in constraints {
        match constraint {
            TableConstraint::PrimaryKey(primary) if key.is_empty() => {
                for column in &primary.columns {
                    let name = column.column.expr.to_string();
                    key.push(name.trim_matches('"').to_lowercase());
                }
            }
            other => {
                return Err(text.fault_on(
                    other,
                    "the constraints",
                    format!("constraint {other} is not supported"),
                ));
            }
        }
    }
    Ok(key)
}
