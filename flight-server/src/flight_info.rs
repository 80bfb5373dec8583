//! The answer to GetFlightInfo: one endpoint at this server.

use arrow::datatypes::Schema;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, IpcMessage, SchemaAsIpc, Ticket};
use bytes::Bytes;
use tonic::Status;

use crate::status;

/// A result of unknown size behind one ticket, in one ordered stream. No location: clients read
/// from the connection that they have, whatever lies between.
pub(crate) fn single(
    schema: &Schema,
    ticket: Bytes,
    descriptor: FlightDescriptor,
) -> Result<FlightInfo, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket { ticket });
    Ok(FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|e| status::internal("encoding a schema", e))?
        .with_endpoint(endpoint)
        .with_descriptor(descriptor)
        .with_total_records(-1)
        .with_total_bytes(-1)
        .with_ordered(true))
}

/// A schema as an encapsulated IPC message.
pub(crate) fn schema_bytes(schema: &Schema) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let IpcMessage(bytes) = SchemaAsIpc::new(schema, &options)
        .try_into()
        .map_err(|e: arrow::error::ArrowError| status::internal("encoding a schema", e))?;
    Ok(bytes)
}
