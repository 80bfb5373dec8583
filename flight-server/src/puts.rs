//! DoPut: parameters bound, and updates.

use arrow::array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{
    Any, Command, CommandPreparedStatementQuery, CommandPreparedStatementUpdate,
    CommandStatementUpdate, DoPutPreparedStatementResult, DoPutUpdateResult,
};
use arrow_flight::{FlightData, PutResult};
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::{Status, Streaming};

use crate::caller::Caller;
use crate::queries::change;
use crate::service::Service;
use crate::statement::{Statement, Work, parameters};
use crate::status;

impl Service {
    /// Takes what a client puts.
    pub(crate) async fn put(
        &self,
        caller: &Caller,
        mut messages: Streaming<FlightData>,
    ) -> Result<PutResult, Status> {
        // A driver that ingests no rows sends no message at all.
        let Some(first) = messages.message().await? else {
            return Err(status::invalid("a put without a command does nothing"));
        };
        let Some(descriptor) = &first.flight_descriptor else {
            return Err(status::invalid(
                "the first message of a put has no descriptor, so its command is unknown",
            ));
        };
        let command = Any::decode(&*descriptor.cmd)
            .map_err(|e| status::invalid(format!("the command cannot be read: {e}")))?;
        let command = Command::try_from(command).map_err(|e| status::invalid(e.to_string()))?;
        match command {
            Command::CommandPreparedStatementQuery(c) => {
                self.bind(caller, &c, first, messages).await
            }
            Command::CommandPreparedStatementUpdate(c) => self.update_prepared(caller, &c),
            Command::CommandStatementUpdate(c) => self.update(caller, &c).await,
            Command::CommandStatementIngest(_) => Err(status::unsupported(
                "this server is read-only: rows cannot be ingested",
            )),
            Command::CommandStatementSubstraitPlan(_) => Err(status::unsupported(
                "Substrait plans are not supported: send SQL",
            )),
            other => Err(status::invalid(format!(
                "{} is not a command to put",
                other.type_url()
            ))),
        }
    }

    async fn bind(
        &self,
        caller: &Caller,
        command: &CommandPreparedStatementQuery,
        first: FlightData,
        messages: Streaming<FlightData>,
    ) -> Result<PutResult, Status> {
        let prepared = self
            .prepared
            .get(&command.prepared_statement_handle, caller.user())?;
        let batches = batches_of(first, messages).await?;
        let rows = parameters::rows(&prepared.statement.parameters, &batches)?;
        let result = DoPutPreparedStatementResult {
            prepared_statement_handle: Some(self.prepared.bind(&prepared, rows)),
        };
        Ok(put_result(&result))
    }

    fn update_prepared(
        &self,
        caller: &Caller,
        command: &CommandPreparedStatementUpdate,
    ) -> Result<PutResult, Status> {
        let prepared = self
            .prepared
            .get(&command.prepared_statement_handle, caller.user())?;
        update(caller, &prepared.statement)
    }

    async fn update(
        &self,
        caller: &Caller,
        command: &CommandStatementUpdate,
    ) -> Result<PutResult, Status> {
        if command.transaction_id.is_some() {
            return Err(status::unsupported("there are no transactions here"));
        }
        let statement = self.plan(caller, &command.query).await?;
        update(caller, &statement)
    }
}

fn update(caller: &Caller, statement: &Statement) -> Result<PutResult, Status> {
    match &statement.work {
        Work::Session(changes) => change(caller, changes)?,
        Work::Query(_) => {
            return Err(status::invalid(
                "the statement gives rows: run it as a query, not as an update",
            ));
        }
    }
    Ok(put_result(&DoPutUpdateResult { record_count: 0 }))
}

fn put_result(message: &impl Message) -> PutResult {
    PutResult {
        app_metadata: message.encode_to_vec().into(),
    }
}

/// The batches of a put; none where the client sent no schema.
async fn batches_of(
    first: FlightData,
    messages: Streaming<FlightData>,
) -> Result<Vec<RecordBatch>, Status> {
    if first.data_header.is_empty() {
        return Ok(Vec::new());
    }
    let messages = stream::iter([Ok(first)])
        .chain(messages)
        .map_err(|e| FlightError::Tonic(Box::new(e)));
    FlightRecordBatchStream::new_from_flight_data(messages)
        .try_collect()
        .await
        .map_err(|e| match e {
            FlightError::Tonic(status) => *status,
            e => status::invalid(format!("the parameters cannot be read: {e}")),
        })
}
