//! GetTables, and the columns' metadata that drivers show.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::{CommandGetTableTypes, CommandGetTables};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::TableType;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, stream};
use tonic::Status;

use super::pattern::matches;
use super::schemas::{self, Found};
use super::xdbc;
use crate::statement::schema_of_plan;
use crate::wire::Profile;
use crate::{flight_info, status};

/// Tables are loaded this many at a time.
const LOADED_AT_ONCE: usize = 8;

/// The types that tables have here.
const TYPES: [&str; 3] = ["LOCAL TEMPORARY", "TABLE", "VIEW"];

/// The schema of the answer, which depends on whether tables' own schemas are asked for.
pub(super) fn schema(include_schema: bool) -> SchemaRef {
    let mut fields = vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("table_type", DataType::Utf8, false),
    ];
    if include_schema {
        fields.push(Field::new("table_schema", DataType::Binary, false));
    }
    Arc::new(Schema::new(fields))
}

/// The schema of the answer to GetTableTypes.
pub(super) fn types_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(
        "table_type",
        DataType::Utf8,
        false,
    )]))
}

/// GetTableTypes.
pub(super) fn types(_: &CommandGetTableTypes) -> Result<RecordBatch, Status> {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(TYPES));
    RecordBatch::try_new(types_schema(), vec![names])
        .map_err(|e| status::internal("listing table types", e))
}

struct Row {
    catalog: String,
    schema: String,
    table: String,
    table_type: &'static str,
    /// The schema of the table, if it is asked for.
    columns: Option<Vec<u8>>,
}

/// The tables that a request names, by catalog, schema and name. A table that cannot be loaded is
/// left out: one broken table must not hide the others.
pub(super) async fn answer(
    ctx: &SessionContext,
    command: &CommandGetTables,
    profile: Profile,
) -> Result<RecordBatch, Status> {
    let pattern = command.table_name_filter_pattern.as_deref();
    let schemas = schemas::find(
        ctx,
        command.catalog.as_deref(),
        command.db_schema_filter_pattern.as_deref(),
    );
    let mut named: Vec<(Found, String)> = Vec::new();
    for found in schemas {
        for name in found.provider.table_names() {
            if matches(pattern, &name) {
                named.push((found.clone(), name));
            }
        }
    }
    let loading = named
        .into_iter()
        .map(|(found, name)| row(ctx, found, name, command, profile));
    let mut rows: Vec<Row> = stream::iter(loading)
        .buffered(LOADED_AT_ONCE)
        .filter_map(|row| async { row })
        .collect()
        .await;
    // Clients that look a table up by its name, not escaped, take the first row.
    rows.sort_by_cached_key(|r| {
        (
            pattern != Some(&r.table),
            r.catalog.clone(),
            r.schema.clone(),
            r.table.clone(),
        )
    });
    batch(&rows, command.include_schema).map_err(|e| status::internal("listing tables", e))
}

async fn row(
    ctx: &SessionContext,
    found: Found,
    table: String,
    command: &CommandGetTables,
    profile: Profile,
) -> Option<Row> {
    let (table_type, columns) = if command.include_schema {
        match found.provider.table(&table).await {
            Ok(Some(provider)) => (provider.table_type(), Some(schema_of(ctx, &*provider))),
            Ok(None) => return None,
            Err(e) => {
                tracing::warn!(table, "a table is left out of a listing: {e}");
                return None;
            }
        }
    } else {
        match found.provider.table_type(&table).await {
            Ok(table_type) => (table_type?, None),
            Err(e) => {
                tracing::warn!(table, "a table is left out of a listing: {e}");
                return None;
            }
        }
    };
    let table_type = type_name(table_type);
    if !is_asked_for(&command.table_types, table_type) {
        return None;
    }
    let columns = match columns {
        None => None,
        Some(schema) => {
            let schema = described(&profile.schema(&schema), &found, &table);
            Some(flight_info::schema_bytes(&schema).ok()?.to_vec())
        }
    };
    Some(Row {
        catalog: found.catalog.clone(),
        schema: found.schema.clone(),
        table,
        table_type,
        columns,
    })
}

/// The schema that a query of the whole table announces. A view holds its plan as it was written,
/// and the types that run are those after coercion.
fn schema_of(ctx: &SessionContext, provider: &dyn TableProvider) -> SchemaRef {
    match provider.get_logical_plan() {
        Some(plan) => schema_of_plan(&ctx.state(), &plan, &[]),
        None => provider.schema(),
    }
}

fn type_name(table_type: TableType) -> &'static str {
    match table_type {
        TableType::Base => "TABLE",
        TableType::View => "VIEW",
        TableType::Temporary => "LOCAL TEMPORARY",
    }
}

/// Tools ask for tables by several names.
fn is_asked_for(asked: &[String], table_type: &str) -> bool {
    asked.is_empty()
        || asked.iter().any(|asked| {
            asked.eq_ignore_ascii_case(table_type)
                || (table_type == "TABLE" && asked.eq_ignore_ascii_case("BASE TABLE"))
        })
}

/// The schema with what tools show about columns.
fn described(schema: &Schema, found: &Found, table: &str) -> Schema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let mut metadata: HashMap<String, String> = field.metadata().clone();
            let mut put = |key: &str, value: String| {
                metadata.insert(format!("ARROW:FLIGHT:SQL:{key}"), value);
            };
            let described = xdbc::describe(field.data_type());
            put("CATALOG_NAME", found.catalog.clone());
            put("DB_SCHEMA_NAME", found.schema.clone());
            put("TABLE_NAME", table.to_owned());
            put("TYPE_NAME", described.name.to_owned());
            if let Some(precision) = described.precision {
                put("PRECISION", precision.to_string());
            }
            if let Some(scale) = described.scale {
                put("SCALE", scale.to_string());
            }
            put("IS_AUTO_INCREMENT", "0".to_owned());
            put(
                "IS_CASE_SENSITIVE",
                if described.name == "VARCHAR" {
                    "1"
                } else {
                    "0"
                }
                .to_owned(),
            );
            put("IS_READ_ONLY", "1".to_owned());
            put("IS_SEARCHABLE", "1".to_owned());
            field.as_ref().clone().with_metadata(metadata)
        })
        .collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn batch(rows: &[Row], include_schema: bool) -> Result<RecordBatch, arrow::error::ArrowError> {
    fn text<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }
    let mut columns = vec![
        text(rows.iter().map(|r| r.catalog.as_str())),
        text(rows.iter().map(|r| r.schema.as_str())),
        text(rows.iter().map(|r| r.table.as_str())),
        text(rows.iter().map(|r| r.table_type)),
    ];
    if include_schema {
        columns.push(Arc::new(BinaryArray::from_iter_values(
            rows.iter()
                .map(|r| r.columns.as_deref().unwrap_or_default()),
        )));
    }
    RecordBatch::try_new(schema(include_schema), columns)
}
