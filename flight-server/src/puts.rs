//! DoPut: parameters bound, and updates.

use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{
    Any, Command, CommandPreparedStatementQuery, CommandPreparedStatementUpdate,
    CommandStatementUpdate, DoPutPreparedStatementResult, DoPutUpdateResult,
};
use arrow_flight::{FlightData, PutResult};
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::{Code, Status, Streaming};

use crate::caller::Caller;
use crate::service::Service;
use crate::statement::parameters::{self, Parameter};
use crate::statement::{Rows, Statement, Work};
use crate::status;

/// The most bytes of parameters in one put: a thousand rows of long texts.
const PARAMETER_BYTES_MAX: usize = 16 << 20;

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
        let rows = rows_of(&prepared.statement.parameters, first, messages).await?;
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
        self.run_update(caller, &prepared.statement)
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
        self.run_update(caller, &statement)
    }

    fn run_update(&self, caller: &Caller, statement: &Statement) -> Result<PutResult, Status> {
        match &statement.work {
            Work::Session(changes) => self.change(caller, changes)?,
            Work::Query(_) => {
                return Err(status::invalid(
                    "the statement gives rows: run it as a query, not as an update",
                ));
            }
        }
        Ok(put_result(&DoPutUpdateResult { record_count: 0 }))
    }
}

fn put_result(message: &impl Message) -> PutResult {
    PutResult {
        app_metadata: message.encode_to_vec().into(),
    }
}

/// The rows of parameters that a client puts; none where it sent no schema. Read as they come, so
/// that a client that sends too much is stopped early.
async fn rows_of(
    parameters: &[Parameter],
    first: FlightData,
    messages: Streaming<FlightData>,
) -> Result<Rows, Status> {
    let mut rows = Rows::new();
    if first.data_header.is_empty() {
        return Ok(rows);
    }
    let mut bytes = 0;
    let messages = stream::iter([Ok(first)])
        .chain(messages)
        .map(move |message| {
            let message = message?;
            bytes += message.data_header.len() + message.data_body.len();
            if bytes > PARAMETER_BYTES_MAX {
                return Err(status::status(
                    Code::ResourceExhausted,
                    &format!(
                        "more than {PARAMETER_BYTES_MAX} bytes of parameters were bound to a query"
                    ),
                ));
            }
            Ok(message)
        })
        .map_err(|e| FlightError::Tonic(Box::new(e)));
    let mut batches = FlightRecordBatchStream::new_from_flight_data(messages);
    while let Some(batch) = batches.try_next().await.map_err(|e| match e {
        FlightError::Tonic(status) => *status,
        e => status::invalid(format!("the parameters cannot be read: {e}")),
    })? {
        parameters::append(&mut rows, parameters, &batch)?;
    }
    Ok(rows)
}
