//! GetCatalogs.

use arrow::array::RecordBatch;
use arrow_flight::sql::metadata::GetCatalogsBuilder;
use datafusion::prelude::SessionContext;
use tonic::Status;

use crate::status;

/// The names of all catalogs.
pub(super) fn answer(ctx: &SessionContext) -> Result<RecordBatch, Status> {
    let mut builder = GetCatalogsBuilder::new();
    for name in ctx.catalog_names() {
        builder.append(name);
    }
    builder
        .build()
        .map_err(|e| status::internal("listing catalogs", e))
}
