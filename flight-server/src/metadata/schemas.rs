//! GetDbSchemas.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_flight::sql::CommandGetDbSchemas;
use arrow_flight::sql::metadata::GetDbSchemasBuilder;
use datafusion::catalog::SchemaProvider;
use datafusion::prelude::SessionContext;
use tonic::Status;

use super::pattern::{is_catalog, matches};
use crate::status;

/// The schemas that a request names.
pub(super) fn answer(
    ctx: &SessionContext,
    command: &CommandGetDbSchemas,
) -> Result<RecordBatch, Status> {
    let mut builder = GetDbSchemasBuilder::new(None::<String>, None::<String>);
    let pattern = command.db_schema_filter_pattern.as_deref();
    for found in find(ctx, command.catalog.as_deref(), pattern) {
        builder.append(found.catalog, found.schema);
    }
    builder
        .build()
        .map_err(|e| status::internal("listing schemas", e))
}

/// A schema with where it was found.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) catalog: String,
    pub(super) schema: String,
    pub(super) provider: Arc<dyn SchemaProvider>,
}

/// The schemas of a catalog, or of all, whose names match, in order.
pub(super) fn find(
    ctx: &SessionContext,
    catalog: Option<&str>,
    pattern: Option<&str>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for name in ctx.catalog_names() {
        if !is_catalog(catalog, &name) {
            continue;
        }
        let Some(provider) = ctx.catalog(&name) else {
            continue;
        };
        for schema in provider.schema_names() {
            if matches(pattern, &schema)
                && let Some(provider) = provider.schema(&schema)
            {
                found.push(Found {
                    catalog: name.clone(),
                    schema,
                    provider,
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.catalog, &a.schema).cmp(&(&b.catalog, &b.schema)));
    found
}
