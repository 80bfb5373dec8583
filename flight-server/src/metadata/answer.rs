//! Which question is asked, and who answers it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::sql::Command;
use arrow_flight::sql::metadata::{GetCatalogsBuilder, GetDbSchemasBuilder, SqlInfoDataBuilder};
use tonic::Status;

use super::{catalogs, keys, schemas, tables, xdbc};
use crate::caller::Caller;
use crate::service::Service;
use crate::{sql_info, status};

/// The schema of an answer; none if the command isn't a question about the catalog.
pub(crate) fn schema_of(command: &Command) -> Option<SchemaRef> {
    Some(match command {
        Command::CommandGetCatalogs(_) => GetCatalogsBuilder::new().schema(),
        Command::CommandGetDbSchemas(_) => {
            GetDbSchemasBuilder::new(None::<String>, None::<String>).schema()
        }
        Command::CommandGetTables(c) => tables::schema(c.include_schema),
        Command::CommandGetTableTypes(_) => tables::types_schema(),
        Command::CommandGetPrimaryKeys(_) => keys::primary(),
        Command::CommandGetImportedKeys(_)
        | Command::CommandGetExportedKeys(_)
        | Command::CommandGetCrossReference(_) => keys::foreign(),
        Command::CommandGetSqlInfo(_) => Arc::new(SqlInfoDataBuilder::schema().clone()),
        Command::CommandGetXdbcTypeInfo(_) => xdbc::schema()?,
        _ => return None,
    })
}

/// Answers a question about the catalog.
pub(crate) async fn answer(
    service: &Service,
    caller: &Caller,
    command: Command,
) -> Result<RecordBatch, Status> {
    let session = || {
        // The catalog can be looked at while its tables catch up.
        let mut options = caller.options();
        options.allow_catching_up = true;
        service.session(&options)
    };
    match command {
        Command::CommandGetCatalogs(_) => catalogs::answer(&session()?),
        Command::CommandGetDbSchemas(c) => schemas::answer(&session()?, &c),
        Command::CommandGetTables(c) => tables::answer(&session()?, &c, caller.profile).await,
        Command::CommandGetTableTypes(c) => tables::types(&c),
        Command::CommandGetPrimaryKeys(_) => Ok(RecordBatch::new_empty(keys::primary())),
        Command::CommandGetImportedKeys(_)
        | Command::CommandGetExportedKeys(_)
        | Command::CommandGetCrossReference(_) => Ok(RecordBatch::new_empty(keys::foreign())),
        Command::CommandGetSqlInfo(c) => sql_info::answer(&service.config, &session()?, &c.info),
        Command::CommandGetXdbcTypeInfo(c) => xdbc::answer(c.data_type),
        command => Err(status::unsupported(format!(
            "{} cannot be read: ask for it by GetFlightInfo first",
            command.type_url()
        ))),
    }
}
