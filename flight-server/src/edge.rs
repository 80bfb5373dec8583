//! The gRPC service: who calls, what they ask, and who answers it.
//!
//! arrow-flight can derive a service from a trait of Flight SQL commands, but leaves calls out
//! (GetSchema, PollFlightInfo, session actions) and loses some results; so every call of Flight is
//! taken here, and commands are told apart by arrow-flight's `Command`.

use std::pin::Pin;
use std::sync::Arc;

use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Any, Command, CommandStatementQuery};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, Result as ActionResult, SchemaAsIpc,
    SchemaResult, Ticket,
};
use futures::{Stream, StreamExt, stream};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use tracing::{Instrument, Span, debug_span};

use crate::caller::Caller;
use crate::results::messages_of;
use crate::service::Service;
use crate::{actions, flight_info, handshake, metadata, status};

/// The server's side of Flight's service.
#[derive(Clone)]
pub(crate) struct Edge(pub(crate) Arc<Service>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

impl Edge {
    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = self
            .0
            .caller(request.metadata(), request.extensions().get())?;
        Span::current().record("user", &**caller.user());
        Ok(caller)
    }

    async fn info(
        &self,
        caller: &Caller,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Status> {
        let service = &self.0;
        match command_of(&descriptor.cmd)? {
            Command::CommandStatementQuery(c) => {
                refuse_transaction(c.transaction_id.is_some())?;
                service
                    .info_of_statement(caller, &c.query, descriptor)
                    .await
            }
            Command::CommandPreparedStatementQuery(c) => {
                let prepared = service
                    .prepared
                    .get(&c.prepared_statement_handle, caller.user())?;
                service.info_of_prepared(caller, &prepared, descriptor)
            }
            command => match metadata::schema_of(&command) {
                Some(schema) => {
                    let ticket = command.into_any().encode_to_vec().into();
                    flight_info::single(&schema, ticket, descriptor)
                }
                None => Err(unknown(&command)),
            },
        }
    }

    async fn schema(
        &self,
        caller: &Caller,
        descriptor: FlightDescriptor,
    ) -> Result<SchemaResult, Status> {
        let service = &self.0;
        let schema = match command_of(&descriptor.cmd)? {
            Command::CommandStatementQuery(c) => {
                let statement = service.plan(caller, &c.query).await?;
                caller.profile.schema(&statement.schema)
            }
            Command::CommandPreparedStatementQuery(c) => {
                let prepared = service
                    .prepared
                    .get(&c.prepared_statement_handle, caller.user())?;
                prepared.profile.schema(&prepared.statement.schema)
            }
            command => metadata::schema_of(&command).ok_or_else(|| unknown(&command))?,
        };
        let options = IpcWriteOptions::default();
        SchemaAsIpc::new(&schema, &options)
            .try_into()
            .map_err(|e| status::internal("encoding a schema", e))
    }

    async fn get(&self, caller: &Caller, ticket: Ticket) -> Result<Answers<FlightData>, Status> {
        let service = &self.0;
        match command_of(&ticket.ticket)? {
            Command::TicketStatementQuery(ticket) => {
                Ok(service.read_ticket(caller, &ticket).await?.boxed())
            }
            // Some clients make their tickets themselves.
            Command::CommandStatementQuery(c) => {
                refuse_transaction(c.transaction_id.is_some())?;
                let query = service.query_of_statement(caller, &c.query).await?;
                Ok(service.run(caller, Arc::new(query), || ()).await?.boxed())
            }
            Command::CommandPreparedStatementQuery(c) => {
                let prepared = service
                    .prepared
                    .get(&c.prepared_statement_handle, caller.user())?;
                let query = service.query_of_prepared(caller, &prepared)?;
                Ok(service.run(caller, Arc::new(query), || ()).await?.boxed())
            }
            command => {
                let batch = metadata::answer(service, caller, command).await?;
                Ok(stream::iter(messages_of(&batch)?.into_iter().map(Ok)).boxed())
            }
        }
    }
}

/// The command of a descriptor or a ticket. What isn't a message of Flight SQL's but is text is
/// taken as SQL: tutorials and some clients put it there bare.
fn command_of(bytes: &[u8]) -> Result<Command, Status> {
    match Any::decode(bytes) {
        Ok(any) if any.type_url.starts_with("type.googleapis.com/") => {
            Command::try_from(any).map_err(|e| status::invalid(e.to_string()))
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(sql) if !sql.trim().is_empty() => {
                Ok(Command::CommandStatementQuery(CommandStatementQuery {
                    query: sql.to_owned(),
                    transaction_id: None,
                }))
            }
            _ => Err(status::invalid(
                "the descriptor or ticket is neither a Flight SQL command nor SQL text",
            )),
        },
    }
}

fn unknown(command: &Command) -> Status {
    match command {
        Command::CommandStatementSubstraitPlan(_) => {
            status::unsupported("Substrait plans are not supported: send SQL")
        }
        command => status::unsupported(format!(
            "command {} is not supported here",
            command.type_url()
        )),
    }
}

fn refuse_transaction(given: bool) -> Result<(), Status> {
    if given {
        return Err(status::unsupported("there are no transactions here"));
    }
    Ok(())
}

fn span(rpc: &'static str) -> Span {
    debug_span!("flight", rpc, user = tracing::field::Empty)
}

/// Notes how a call ended; the statement's text stays out of the log, for it may hold secrets.
fn noted<T>(result: Result<T, Status>) -> Result<T, Status> {
    if let Err(e) = &result {
        if e.code() == tonic::Code::Internal {
            tracing::error!(code = ?e.code(), "call failed: {}", e.message());
        } else {
            tracing::debug!(code = ?e.code(), "call refused");
        }
    }
    result
}

#[tonic::async_trait]
impl FlightService for Edge {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoActionStream = Answers<ActionResult>;
    type ListActionsStream = Answers<ActionType>;
    type DoExchangeStream = Answers<FlightData>;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let call = async {
            let service = &self.0;
            service.open()?;
            let (headers, _, messages) = request.into_parts();
            let credentials = &service.config.credentials;
            let token =
                handshake::open_session(&headers, messages, credentials, &service.sessions).await?;
            let answer = handshake::answer(&token);
            let mut response = Response::new(stream::iter([Ok(answer)]).boxed() as _);
            set_token(response.metadata_mut(), &token)?;
            Ok(response)
        };
        noted(call.instrument(span("handshake")).await)
    }

    async fn list_flights(
        &self,
        request: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        self.caller(&request)?;
        Ok(Response::new(stream::empty().boxed()))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let info = self.info(&caller, request.into_inner()).await?;
            Ok(Response::new(info))
        };
        noted(call.instrument(span("get_flight_info")).await)
    }

    async fn poll_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let info = self.info(&caller, request.into_inner()).await?;
            let done = PollInfo::new()
                .with_info(info)
                .try_with_progress(1.0)
                .map_err(|e| status::internal("telling progress", e))?;
            Ok(Response::new(done))
        };
        noted(call.instrument(span("poll_flight_info")).await)
    }

    async fn get_schema(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let schema = self.schema(&caller, request.into_inner()).await?;
            Ok(Response::new(schema))
        };
        noted(call.instrument(span("get_schema")).await)
    }

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let messages = self.get(&caller, request.into_inner()).await?;
            Ok(Response::new(messages))
        };
        noted(call.instrument(span("do_get")).await)
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let result = self.0.put(&caller, request.into_inner()).await?;
            Ok(Response::new(stream::iter([Ok(result)]).boxed() as _))
        };
        noted(call.instrument(span("do_put")).await)
    }

    async fn do_exchange(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        self.caller(&request)?;
        Err(status::unsupported("exchanges are not supported"))
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        let call = async {
            let caller = self.caller(&request)?;
            let result = self.0.act(&caller, request.get_ref()).await?;
            Ok(Response::new(
                stream::iter(result.into_iter().map(Ok)).boxed() as _,
            ))
        };
        noted(call.instrument(span("do_action")).await)
    }

    async fn list_actions(
        &self,
        request: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        self.caller(&request)?;
        let actions = actions::list().into_iter().map(Ok);
        Ok(Response::new(stream::iter(actions).boxed()))
    }
}

fn set_token(headers: &mut MetadataMap, token: &str) -> Result<(), Status> {
    let value = format!("Bearer {token}")
        .parse()
        .map_err(|e| status::internal("telling the session token", e))?;
    headers.insert("authorization", value);
    Ok(())
}
