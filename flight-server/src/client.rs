//! A small Flight SQL client, for `headwater sql` and for tests.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use common::{EngineError, Kind};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::status;

/// How long a server may take to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to log in.
#[derive(Clone, Default)]
pub enum Login {
    /// No credentials.
    #[default]
    None,
    /// A user and a password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A bearer token.
    Token(String),
}

/// A connection to a server, with its session.
pub struct Client {
    inner: FlightSqlServiceClient<Channel>,
}

/// The rows of a query as they arrive.
pub type Batches = BoxStream<'static, Result<RecordBatch, EngineError>>;

/// Connects to `grpc://host:port` (also `grpc+tcp://`, `http://`, or bare `host:port`) and logs in.
pub async fn connect(url: &str, login: Login) -> Result<Client, EngineError> {
    let target = target(url)?;
    let endpoint = Endpoint::from_shared(target)
        .map_err(|e| EngineError::invalid(format!("\"{url}\" is not a server's URL")).caused_by(e))?
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT);
    let channel = endpoint.connect().await.map_err(|e| {
        EngineError::unavailable(format!("no Flight SQL server answers at {url}")).caused_by(e)
    })?;
    let flight = FlightServiceClient::new(channel).max_decoding_message_size(usize::MAX);
    let mut client = Client {
        inner: FlightSqlServiceClient::new_from_inner(flight),
    };
    match login {
        Login::None => {}
        Login::Token(token) => client.inner.set_token(token),
        Login::Password { user, password } => {
            client.shake_hands(&user, &password).await?;
        }
    }
    Ok(client)
}

fn target(url: &str) -> Result<String, EngineError> {
    match url.split_once("://") {
        None => Ok(format!("http://{url}")),
        Some(("grpc" | "grpc+tcp" | "http", rest)) => Ok(format!("http://{rest}")),
        Some(("grpc+tls" | "grpcs" | "https", _)) => Err(EngineError::invalid(format!(
            "{url}: this client speaks plaintext only; use grpc:// on the server's own host"
        ))),
        Some((scheme, _)) => Err(EngineError::invalid(format!(
            "{url}: the scheme \"{scheme}\" is not one of grpc, grpc+tcp, http"
        ))),
    }
}

impl Client {
    async fn shake_hands(&mut self, user: &str, password: &str) -> Result<(), EngineError> {
        use base64::Engine as _;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let header = format!("Basic {basic}")
            .parse()
            .map_err(|_| EngineError::invalid("the user or the password cannot be sent"))?;
        let mut request = tonic::Request::new(futures::stream::empty());
        request.metadata_mut().insert("authorization", header);
        let response = self
            .inner
            .inner_mut()
            .handshake(request)
            .await
            .map_err(of_status)?;
        let token = response
            .metadata()
            .get("authorization")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "))
            .ok_or_else(|| {
                EngineError::invalid("the server gave no token for the session; is it Headwater?")
            })?;
        self.inner.set_token(token.to_owned());
        Ok(())
    }

    /// Sends a header with every call from here on, such as `allow_catching_up: true`.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.inner.set_header(name, value);
    }

    /// Runs a statement; gives the schema at once and the rows as they arrive.
    pub async fn query(&mut self, sql: &str) -> Result<(SchemaRef, Batches), EngineError> {
        let info = self
            .inner
            .execute(sql.to_owned(), None)
            .await
            .map_err(of_flight)?;
        let schema: Schema = info.clone().try_decode_schema()?;
        let ticket = info
            .endpoint
            .into_iter()
            .next()
            .and_then(|e| e.ticket)
            .ok_or_else(|| EngineError::internal("the server gave no ticket for the result"))?;
        let batches = self.inner.do_get(ticket).await.map_err(of_flight)?;
        Ok((Arc::new(schema), batches.map_err(of_flight).boxed()))
    }

    /// The protocol's own client, for what [`Client`] has no word for.
    pub fn protocol(&mut self) -> &mut FlightSqlServiceClient<Channel> {
        &mut self.inner
    }
}

fn of_flight(error: FlightError) -> EngineError {
    match error {
        FlightError::Tonic(status) => of_status(*status),
        error => EngineError::internal("the answer cannot be read").caused_by(error),
    }
}

fn of_status(status: Status) -> EngineError {
    // Headwater never answers so: this is the transport's own.
    if status.code() == Code::Unknown {
        return EngineError::unavailable(
            "the connection broke, or what listens there is no Flight SQL server",
        );
    }
    EngineError::new(kind(&status), status.message())
}

fn kind(status: &Status) -> Kind {
    status::kind_of(status.code())
}
