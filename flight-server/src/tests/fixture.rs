//! A server over tables in memory, on a port of its own, and a client of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::util::pretty::pretty_format_batches;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{FlightData, FlightInfo};
use common::EngineError;
use datafusion::catalog::CatalogProviderList;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::tests::samples;
use crate::{Credentials, QueryBackend, ServeError, ServerConfig, SessionOptions, serve};

/// Sessions over tables that are made once.
pub(super) struct Memory {
    catalogs: Arc<dyn CatalogProviderList>,
    /// Sessions are refused unless the caller allows it.
    pub(super) catching_up: bool,
}

impl Memory {
    pub(super) async fn new() -> Self {
        let ctx = SessionContext::new_with_config(config());
        samples::register(&ctx).await.unwrap();
        let state = ctx.state();
        Self {
            catalogs: Arc::clone(state.catalog_list()),
            catching_up: false,
        }
    }
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_information_schema(true)
        .with_target_partitions(2)
        .with_default_catalog_and_schema("headwater", "public");
    config.options_mut().sql_parser.collect_spans = true;
    config
}

impl QueryBackend for Memory {
    fn session(&self, options: &SessionOptions) -> Result<SessionContext, EngineError> {
        if self.catching_up && !options.allow_catching_up {
            return Err(EngineError::unavailable("catching up: 3 partitions to go"));
        }
        let session = SessionStateBuilder::new()
            .with_default_features()
            // A session that made its default schema would put an empty one over the tables.
            .with_config(config().with_create_default_catalog_and_schema(false))
            .with_catalog_list(Arc::clone(&self.catalogs));
        let state = query::interruptible(session).build();
        Ok(SessionContext::new_with_state(state))
    }
}

/// A running server.
pub(super) struct Server {
    pub(super) addr: SocketAddr,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) served: JoinHandle<Result<(), ServeError>>,
}

pub(super) type Client = FlightSqlServiceClient<Channel>;

impl Server {
    /// A server that lets everybody in.
    pub(super) async fn open() -> Self {
        Self::start(Memory::new().await, ServerConfig::default()).await
    }

    /// A server for ann, bob and the bearer of a token.
    pub(super) async fn closed() -> Self {
        let config = ServerConfig {
            credentials: Credentials::closed()
                .with_user("ann", "pa:ss")
                .with_user("bob", "word")
                .with_token("job", "t0ken"),
            ..ServerConfig::default()
        };
        Self::start(Memory::new().await, config).await
    }

    pub(super) async fn start(backend: Memory, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, Arc::new(backend), config, async {
            let _ = stopped.await;
        }));
        Self {
            addr,
            stop: Some(stop),
            served,
        }
    }

    pub(super) async fn channel(&self, agent: &str) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.addr))
            .unwrap()
            .user_agent(agent)
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// A client that hasn't logged in.
    pub(super) async fn client(&self) -> Client {
        FlightSqlServiceClient::new(self.channel("tests").await)
    }

    /// A client that has.
    pub(super) async fn client_of(&self, user: &str, password: &str) -> Client {
        let mut client = self.client().await;
        client.handshake(user, password).await.unwrap();
        client
    }
}

/// The status of a call that is expected to fail.
pub(super) fn refusal<T>(result: Result<T, arrow_flight::error::FlightError>) -> Status {
    match result {
        Ok(_) => panic!("the call was expected to fail"),
        Err(arrow_flight::error::FlightError::Tonic(status)) => *status,
        Err(e) => panic!("no status but {e}"),
    }
}

/// A result with the schema announced before it.
pub(super) struct Answer {
    pub(super) announced: Schema,
    pub(super) sent: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
}

impl Answer {
    /// The rows as a table in text.
    pub(super) fn text(&self) -> String {
        pretty_format_batches(&self.batches).unwrap().to_string()
    }

    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The first column's values, as text.
    pub(super) fn column(&self) -> Vec<String> {
        self.batches
            .iter()
            .flat_map(|b| {
                (0..b.num_rows())
                    .map(|i| arrow::util::display::array_value_to_string(b.column(0), i).unwrap())
            })
            .collect()
    }
}

/// Reads what a FlightInfo tells of.
pub(super) async fn read(
    client: &mut Client,
    info: FlightInfo,
) -> Result<Answer, arrow_flight::error::FlightError> {
    assert_eq!(info.endpoint.len(), 1);
    assert!(info.endpoint[0].location.is_empty());
    assert!(info.ordered);
    assert_eq!(info.total_records, -1);
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let announced = info.try_decode_schema().unwrap();
    let mut stream = client.do_get(ticket).await?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        batches.push(batch);
    }
    // A result has a schema, empty or not.
    let sent = Arc::clone(stream.schema().unwrap());
    assert_eq!(*sent, announced, "the schema announced is the schema sent");
    Ok(Answer {
        announced,
        sent,
        batches,
    })
}

/// Runs a statement.
pub(super) async fn query(client: &mut Client, sql: &str) -> Answer {
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    read(client, info).await.unwrap()
}

/// The status that a statement is refused with, when it is planned or when it runs.
pub(super) async fn query_refusal(client: &mut Client, sql: &str) -> Status {
    match client.execute(sql.to_owned(), None).await {
        Ok(info) => refusal(read(client, info).await),
        failed => refusal(failed),
    }
}

/// The size of a message as gRPC counts it.
pub(super) fn bytes_of(message: &FlightData) -> usize {
    prost::Message::encoded_len(message)
}

/// Waits until something holds.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}: not within 10 s");
}
