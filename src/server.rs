//! Flight SQL on threads of its own, over a running engine.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::settings::QuerySettings;
use flight_server::{Credentials, ServerConfig};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::backend::EngineBackend;
use crate::failure::{Failure, Outcome};
use crate::file_limit;

/// How long running queries may go on after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long threads may take to notice that they are not needed any more.
const THREADS_END: Duration = Duration::from_secs(1);

/// A running server. What clients say and hear goes through one thread of its own, which never
/// computes: a query that takes all of the others keeps nobody from connecting or cancelling, and
/// doesn't hold up a stop.
pub struct Server {
    connections: Runtime,
    queries: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Outcome>,
    address: SocketAddr,
}

/// Takes the port before anything is read: a port in use is said at start. An address that other
/// machines reach is refused where nobody has to log in.
pub fn bind(address: &str, credentials: &Credentials) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|e| {
        let remedy = match e.kind() {
            ErrorKind::InvalidInput => "write host:port, like 127.0.0.1:50051,",
            _ => "choose another address",
        };
        Failure::invalid(vec![format!(
            "cannot listen on {address}: {e}; {remedy} with flight.listen or --listen"
        )])
    })?;
    let bound = listener.local_addr()?;
    if credentials.is_open() && !bound.ip().is_loopback() {
        return Err(Failure::invalid(vec![format!(
            "other machines reach {bound}, and nobody has to log in there: set \
             flight.password_file or flight.token_file, or listen on 127.0.0.1 with flight.listen \
             or --listen"
        )]));
    }
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Server {
    /// Starts answering on a bound port.
    pub fn start(
        engine: &Engine,
        listener: TcpListener,
        credentials: Credentials,
        query: &QuerySettings,
    ) -> Outcome<Self> {
        let connections = runtime("connections", 1)?;
        let queries = runtime("query", query.threads)?;
        let address = listener.local_addr()?;
        let backend = Arc::new(EngineBackend::new(engine.sessions()));
        let files = usize::try_from(file_limit::raise()).unwrap_or(usize::MAX);
        let defaults = ServerConfig::default();
        let config = ServerConfig {
            credentials,
            // The other half is for the engine.
            connection_count_max: defaults.connection_count_max.min(files / 2),
            query_timeout: Some(query.timeout),
            drain: DRAIN,
            query_threads: Some(queries.handle().clone()),
            ..defaults
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = connections.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            flight_server::serve(listener, backend, config, async {
                let _ = stopped.await;
            })
            .await
            .map_err(|e| Failure::no(format!("flight sql: {e}")))
        });
        Ok(Self {
            connections,
            queries,
            stop: Some(stop),
            serving,
            address,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The threads that queries run on.
    pub fn runtime(&self) -> &Runtime {
        &self.queries
    }

    /// Whether it has ended by itself.
    pub fn is_finished(&self) -> bool {
        self.serving.is_finished()
    }

    /// Lets running queries finish, then ends.
    pub fn stop(mut self) -> Outcome {
        drop(self.stop.take());
        let serving = self.serving;
        let outcome = self
            .connections
            .block_on(async { tokio::time::timeout(2 * DRAIN, serving).await });
        // Connections first: those that are left take their queries along.
        self.connections.shutdown_timeout(THREADS_END);
        self.queries.shutdown_timeout(THREADS_END);
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(e)) => Err(Failure::no(format!("flight sql: {e}"))),
            Err(_) => Ok(()),
        }
    }
}

fn runtime(name: &str, threads: usize) -> Outcome<Runtime> {
    Ok(Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .thread_stack_size(flight_server::STACK_BYTES_MIN)
        .enable_all()
        .build()?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_open_server_listens_on_this_machine_only() {
        let closed = Credentials::closed().with_token("job", "t0ken");
        for (address, credentials, allowed) in [
            ("127.0.0.1:0", Credentials::open(), true),
            ("127.0.0.1:0", closed.clone(), true),
            ("0.0.0.0:0", closed, true),
            ("0.0.0.0:0", Credentials::open(), false),
        ] {
            let bound = bind(address, &credentials);
            assert_eq!(bound.is_ok(), allowed, "{address} {credentials:?}");
        }
        let refused = bind("0.0.0.0:0", &Credentials::open()).unwrap_err();
        let refused = format!("{refused:?}");
        for part in ["flight.password_file", "flight.token_file", "--listen"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
}
