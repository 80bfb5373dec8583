//! What a ledger's definition must say before anything can be written by it.

use arrow::datatypes::DataType;
use common::{EngineError, LedgerDef, OrderTerm, Result, TableDef, TableKind};

use super::columns::{engine_fields, time_type};
use super::order::Order;

/// The key and order of a table that is a ledger.
pub(crate) fn ledger_def(table: &TableDef) -> Result<&LedgerDef> {
    match &table.kind {
        TableKind::Ledger(def) => Ok(def),
        TableKind::Events | TableKind::DeadLetters | TableKind::Archive | TableKind::Commits => {
            Err(EngineError::internal(format!(
                "table {} is not a ledger",
                table.name
            )))
        }
    }
}

/// What the index of a ledger depends on. A snapshot made by another key or order isn't wanted.
pub fn index_definition(table: &TableDef) -> Result<String> {
    let def = ledger_def(table)?;
    let order = Order::new(def)?;
    Ok(format!(
        "{} by ({}) from {}",
        table.name,
        def.key.join(", "),
        order.leading().name()
    ))
}

/// The key's columns are strings, the order's columns are there in their types, and so are the
/// engine's.
pub(crate) fn check_columns(table: &TableDef, def: &LedgerDef, order: &Order) -> Result<()> {
    if def.key.is_empty() {
        return Err(EngineError::invalid(format!(
            "ledger {}: option key names no column",
            table.name
        )));
    }
    for name in &def.key {
        check(table, name, &DataType::Utf8)?;
    }
    for term in order.terms() {
        check(table, term.name(), &term_type(*term))?;
    }
    for field in engine_fields() {
        check(table, field.name(), field.data_type())
            .map_err(|e| e.context("column of the engine's own"))?;
    }
    Ok(())
}

fn term_type(term: OrderTerm) -> DataType {
    match term {
        OrderTerm::Received | OrderTerm::EventTime => time_type(),
        OrderTerm::Tie => DataType::Binary,
        OrderTerm::Channel => DataType::Utf8,
    }
}

fn check(table: &TableDef, name: &str, data_type: &DataType) -> Result<()> {
    match table.schema.field_with_name(name) {
        Err(_) => Err(EngineError::invalid(format!(
            "ledger {} has no column {name}, which it is keyed or ordered by: declare it",
            table.name
        ))),
        Ok(field) if !same(field.data_type(), data_type) => Err(EngineError::invalid(format!(
            "column {name} of ledger {} is {}, but must be {data_type}",
            table.name,
            field.data_type()
        ))),
        Ok(_) => Ok(()),
    }
}

/// The same type but for the nullability of nested fields.
fn same(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name() == b.name() && same(a.data_type(), b.data_type()))
        }
        _ => a == b,
    }
}
