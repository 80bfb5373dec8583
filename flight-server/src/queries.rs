//! Statements: planned, described, changed sessions, and run.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::TicketStatementQuery;
use arrow_flight::{FlightDescriptor, FlightInfo};
use datafusion::common::ScalarValue;
use tokio::sync::watch;
use tonic::Status;

use crate::caller::Caller;
use crate::compute::compute;
use crate::prepared::Prepared;
use crate::results::ResultStream;
use crate::service::Service;
use crate::statement::{Rows, SessionChange, Statement, Work};
use crate::tickets::{Query, Source};
use crate::wire::Profile;
use crate::{flight_info, status};

impl Service {
    /// Plans a statement in the caller's session.
    pub(crate) async fn plan(&self, caller: &Caller, sql: &str) -> Result<Statement, Status> {
        let ctx = self.session(&caller.options())?;
        let sql = sql.to_owned();
        let planning = async move { Statement::plan(&ctx, &sql).await };
        compute(&self.threads, self.limits(caller), planning).await
    }

    /// GetFlightInfo of a statement.
    pub(crate) async fn info_of_statement(
        &self,
        caller: &Caller,
        sql: &str,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Status> {
        let query = self.query_of_statement(caller, sql).await?;
        self.info_of_query(query, descriptor)
    }

    /// GetFlightInfo of a prepared statement, with the parameters bound to it last.
    pub(crate) fn info_of_prepared(
        &self,
        caller: &Caller,
        prepared: &Prepared,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Status> {
        let query = self.query_of_prepared(caller, prepared)?;
        self.info_of_query(query, descriptor)
    }

    fn info_of_query(
        &self,
        query: Query,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Status> {
        let schema = Arc::clone(&query.schema);
        flight_info::single(&schema, self.tickets.issue(query), descriptor)
    }

    /// A statement ready to run; one that changes the session has run.
    pub(crate) async fn query_of_statement(
        &self,
        caller: &Caller,
        sql: &str,
    ) -> Result<Query, Status> {
        let statement = Arc::new(self.plan(caller, sql).await?);
        self.query(caller, &statement, caller.profile, Arc::default())
    }

    /// A prepared statement ready to run; one that changes the session has run.
    pub(crate) fn query_of_prepared(
        &self,
        caller: &Caller,
        prepared: &Prepared,
    ) -> Result<Query, Status> {
        let rows = prepared.bound().unwrap_or_default();
        self.query(caller, &prepared.statement, prepared.profile, rows)
    }

    fn query(
        &self,
        caller: &Caller,
        statement: &Arc<Statement>,
        profile: Profile,
        rows: Arc<Rows>,
    ) -> Result<Query, Status> {
        let parameters = statement.parameters.len();
        if parameters > 0 && rows.is_empty() {
            return Err(status::invalid(format!(
                "the statement has {parameters} parameters, and no values are bound"
            )));
        }
        let (schema, source) = match &statement.work {
            Work::Session(changes) => {
                self.change(caller, changes)?;
                let batch = count_of_nothing()?;
                (batch.schema(), Source::Done(batch))
            }
            Work::Query(_) => {
                let schema = self.schema(caller, statement, rows.first())?;
                let statement = Arc::clone(statement);
                (profile.schema(&schema), Source::Plan { statement, rows })
            }
        };
        Ok(Query {
            user: Arc::clone(caller.user()),
            session: caller.session.id,
            options: caller.options(),
            schema,
            source,
            cancelled: watch::Sender::new(false),
        })
    }

    fn schema(
        &self,
        caller: &Caller,
        statement: &Statement,
        row: Option<&Vec<ScalarValue>>,
    ) -> Result<SchemaRef, Status> {
        match row {
            Some(row) if statement.parameters.iter().any(|p| !p.inferred) => {
                let ctx = self.session(&caller.options())?;
                Ok(statement.schema_of(&ctx.state(), row))
            }
            _ => Ok(Arc::clone(&statement.schema)),
        }
    }

    /// DoGet of a ticket.
    pub(crate) async fn read_ticket(
        self: &Arc<Self>,
        caller: &Caller,
        ticket: &TicketStatementQuery,
    ) -> Result<ResultStream, Status> {
        let (handle, query) = self.tickets.query(ticket, caller.user())?;
        if *query.cancelled.borrow() {
            return Err(status::status(
                tonic::Code::Cancelled,
                "the query was cancelled",
            ));
        }
        let service = Arc::clone(self);
        self.run(caller, query, move || service.tickets.read(&handle))
            .await
    }

    /// Changes the caller's session: all of the changes, or none.
    pub(crate) fn change(&self, caller: &Caller, changes: &[SessionChange]) -> Result<(), Status> {
        let mut settings = caller.session.settings.read().clone();
        changes
            .iter()
            .try_for_each(|change| match change {
                SessionChange::Set { name, value } => settings.set(name, value),
                SessionChange::Reset { name } => settings.reset(name),
            })
            .and_then(|()| self.adopt(caller, settings))
            .map_err(|e| status::invalid(e.message()))
    }

    /// Runs a query in a session of its own.
    pub(crate) async fn run(
        &self,
        caller: &Caller,
        query: Arc<Query>,
        at_end: impl FnOnce() + Send + 'static,
    ) -> Result<ResultStream, Status> {
        let mut options = query.options.clone();
        options.allow_catching_up |= caller.options().allow_catching_up;
        let ctx = self.session(&options)?;
        ResultStream::start(ctx, query, &self.threads, self.limits(caller), at_end).await
    }
}

/// The result of a statement that touches no rows.
fn count_of_nothing() -> Result<RecordBatch, Status> {
    let schema = Schema::new(vec![Field::new("count", DataType::Int64, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int64Array::from(vec![0]))])
        .map_err(|e| status::internal("making a count", e))
}
