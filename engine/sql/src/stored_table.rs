//! A stored table as its statement declares it: `STORED AS DELTA` or `STORED AS LEDGER`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use common::near_name::suggestion;
use common::partition_value::can_partition;
use common::{LedgerDef, OrderTerm, RESERVED_FOLDERS, TableDef, TableKind};
use datafusion::sql::parser::CreateExternalTable;
use ledger::engine_fields;

use super::declared_columns::fields;
use super::engine_columns::{ENGINE_COLUMNS, table_engine_fields};
use super::fault::Fault;
use super::ledger_schema::ledger_schema;
use super::source_text::SourceText;
use super::table_options::{names, options};

/// Reads `CREATE EXTERNAL TABLE … STORED AS DELTA`.
pub(super) fn table(
    text: &SourceText,
    name: String,
    create: &CreateExternalTable,
) -> Result<TableDef, Vec<Fault>> {
    let mut declared = fields(
        text,
        &create.columns,
        &[&ENGINE_COLUMNS[..], &["reject"]].concat(),
    )?;
    options(text, create, &[]).map_err(|f| vec![f])?;
    declared.extend(table_engine_fields());
    let schema = Arc::new(Schema::new(declared));
    stored(text, name, create, TableKind::Events, schema)
}

/// Reads `CREATE EXTERNAL TABLE … STORED AS LEDGER`.
pub(super) fn ledger(
    text: &SourceText,
    name: String,
    create: &CreateExternalTable,
) -> Result<TableDef, Vec<Fault>> {
    let own = engine_fields();
    let mut reserved: Vec<&str> = own.iter().map(|f| f.name().as_str()).collect();
    reserved.push("reject");
    let declared = fields(text, &create.columns, &reserved)?;
    let options = options(text, create, &["key", "order"]).map_err(|f| vec![f])?;
    let option = |name: &str, example: &str| {
        options
            .get(name)
            .map(|v| names(v))
            .filter(|v| !v.is_empty())
            .ok_or_else(|| {
                vec![
                    text.fault_in("OPTIONS", format!("option '{name}' is missing"))
                        .help(format!("write for example '{name}' '{example}'")),
                ]
            })
    };
    let key = option("key", "product, device")?;
    let order = option("order", "received, event_time, tie, channel")?;
    let mut faults = key_faults(text, &declared, &key);
    let order = match order_terms(text, &declared, &order) {
        Ok(order) => order,
        Err(wrong) => {
            faults.extend(wrong);
            Vec::new()
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let kind = TableKind::Ledger(LedgerDef { key, order });
    stored(text, name, create, kind, ledger_schema(declared))
}

fn key_faults(text: &SourceText, declared: &[Field], key: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for column in key {
        let fault =
            |what: &str| text.fault_in("OPTIONS", format!("option 'key': column {column} {what}"));
        faults.push(match declared.iter().find(|f| f.name() == column) {
            None => fault("is not declared").help_if_any(suggestion(
                column,
                declared.iter().map(|f| f.name().as_str()),
            )),
            Some(f) if *f.data_type() != DataType::Utf8 => fault("must be a STRING"),
            Some(f) if f.is_nullable() => fault("must be declared NOT NULL"),
            Some(_) => continue,
        });
    }
    faults
}

fn order_terms(
    text: &SourceText,
    declared: &[Field],
    order: &[String],
) -> Result<Vec<OrderTerm>, Vec<Fault>> {
    let mut terms = Vec::new();
    let mut faults = Vec::new();
    for name in order {
        let Some(term) = OrderTerm::ALL.into_iter().find(|term| term.name() == name) else {
            faults.push(
                text.fault_in(
                    "OPTIONS",
                    format!("option 'order': {name} is no term of an order"),
                )
                .help_if_any(suggestion(name, OrderTerm::ALL.map(OrderTerm::name))),
            );
            continue;
        };
        if term != OrderTerm::Received && !declared.iter().any(|f| f.name() == name) {
            faults.push(text.fault_in(
                "OPTIONS",
                format!("option 'order': column {name} is not declared"),
            ));
        }
        terms.push(term);
    }
    if !matches!(
        terms.first(),
        None | Some(OrderTerm::Received | OrderTerm::EventTime)
    ) {
        faults.push(text.fault_in(
            "OPTIONS",
            "option 'order' must begin with received or event_time",
        ));
    }
    if faults.is_empty() {
        Ok(terms)
    } else {
        Err(faults)
    }
}

fn stored(
    text: &SourceText,
    name: String,
    create: &CreateExternalTable,
    kind: TableKind,
    schema: SchemaRef,
) -> Result<TableDef, Vec<Fault>> {
    let mut faults = Vec::new();
    if let Some(constraint) = create.constraints.first() {
        faults.push(text.fault_on(
            constraint,
            "the constraints",
            format!("constraint {constraint} is not supported"),
        ));
    }
    if create.columns.is_empty() {
        faults.push(text.fault_in("the columns", "a stored table must declare its columns"));
    }
    let location = location(text, create)
        .map_err(|f| faults.push(f))
        .unwrap_or_default();
    let partition_by: Vec<String> = create
        .table_partition_cols
        .iter()
        .map(|c| c.to_lowercase())
        .collect();
    for column in &partition_by {
        match schema.field_with_name(column) {
            Ok(field) if can_partition(field.data_type()) => {}
            Ok(_) => faults.push(
                text.fault_in(
                    "PARTITIONED BY",
                    format!("a table cannot be partitioned by column {column}, for its type"),
                )
                .help("partition by text, a whole number, a BOOLEAN, a date or a TIMESTAMP"),
            ),
            Err(_) => faults.push(
                text.fault_in("PARTITIONED BY", format!("column {column} does not exist"))
                    .help_if_any(suggestion(
                        column,
                        schema.fields().iter().map(|f| f.name().as_str()),
                    )),
            ),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(TableDef {
        name: name.into(),
        location,
        kind,
        schema,
        partition_by,
        comment: text.header(),
    })
}

/// The folder below the storage root.
fn location(text: &SourceText, create: &CreateExternalTable) -> Result<String, Fault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    match create.locations.as_slice() {
        [folder]
            if folder
                .split('/')
                .next()
                .is_some_and(|first| RESERVED_FOLDERS.contains(&first)) =>
        {
            Err(text
                .fault_in("LOCATION", format!("'{folder}' is the engine's own folder"))
                .help(format!(
                    "give the table another one; reserved are {}",
                    RESERVED_FOLDERS.join(" and ")
                )))
        }
        [folder]
            if folder
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('_'))
                && folder.chars().all(legal) =>
        {
            Ok(folder.clone())
        }
        [folder] => Err(text
            .fault_in(
                "LOCATION",
                format!("'{folder}' is not a folder below the storage root"),
            )
            .help("write a relative path such as 'events'; the root is set in [storage] url")),
        _ => Err(text.fault_in("LOCATION", "names more than one folder")),
    }
}
