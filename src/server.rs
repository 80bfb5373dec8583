//! Flight SQL on threads of its own, over a running engine.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::settings::QuerySettings;
use flight_server::{Credentials, ServerConfig};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::backend::EngineBackend;
use crate::failure::{Failure, Outcome};

/// How long running queries may go on after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Outcome>,
    address: SocketAddr,
}

/// Takes the port before anything is read: a port in use is said at start.
pub fn bind(address: &str) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|e| {
        Failure::invalid(vec![format!(
            "cannot listen on {address}: {e}; choose another address with flight.listen or --listen"
        )])
    })?;
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(query.threads)
            .thread_name("query")
            .enable_all()
            .build()?;
        let address = listener.local_addr()?;
        let backend = Arc::new(EngineBackend::new(engine.sessions()));
        let config = ServerConfig {
            credentials,
            query_timeout: Some(query.timeout),
            drain: DRAIN,
            ..ServerConfig::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            flight_server::serve(listener, backend, config, async {
                let _ = stopped.await;
            })
            .await
            .map_err(|e| Failure::no(format!("flight sql: {e}")))
        });
        Ok(Self {
            runtime,
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
        &self.runtime
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
            .runtime
            .block_on(async { tokio::time::timeout(2 * DRAIN, serving).await });
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(e)) => Err(Failure::no(format!("flight sql: {e}"))),
            Err(_) => Ok(()),
        }
    }
}
