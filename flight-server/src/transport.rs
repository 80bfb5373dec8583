//! The gRPC server on its listener, from the first connection until it has drained.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::Server;

use crate::edge::Edge;
use crate::incoming::incoming;
use crate::phase::Phase;
use crate::service::Service;
use crate::{QueryBackend, ServerConfig};

/// A bulk reader keeps a fast network busy with this much under way.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;

/// Some drivers forward every unknown connection property as a header.
const HEADERS_BYTES_MAX: u32 = 64 << 10;

/// How long clients have to hear that their queries were ended by a shutdown.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why the server stopped other than by its shutdown.
#[derive(Debug, thiserror::Error)]
#[error("the Flight SQL server stopped: {0}")]
pub struct ServeError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Serves Flight SQL on the listener until `shutdown` completes; then lets running queries finish
/// for [`ServerConfig::drain`], and ends those that haven't.
///
/// The runtime that calls this serves; queries compute on [`ServerConfig::query_threads`].
pub async fn serve(
    listener: TcpListener,
    backend: Arc<dyn QueryBackend>,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    warn_of_plain_text(&listener, &config);
    let (phase, watched) = watch::channel(Phase::Serving);
    let drain = config.drain;
    let message_bytes_max = config.message_bytes_max;
    let connection_count_max = config.connection_count_max;
    let edge = Edge(Arc::new(Service::new(backend, config, watched)));
    let flight = FlightServiceServer::new(edge)
        .max_decoding_message_size(message_bytes_max)
        .max_encoding_message_size(usize::MAX);
    let mut draining = phase.subscribe();
    let server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_adaptive_window(Some(false))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .add_service(flight)
        .serve_with_incoming_shutdown(incoming(listener, connection_count_max), async move {
            let _ = draining.wait_for(|p| *p != Phase::Serving).await;
        });
    let ending = async {
        shutdown.await;
        phase.send_replace(Phase::Draining);
        tokio::time::sleep(drain).await;
        phase.send_replace(Phase::Ending);
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = server => served.map_err(|e| ServeError(Box::new(e))),
        () = ending => Ok(()),
    }
}

/// This server speaks no TLS, and a person who lets it listen elsewhere should hear of that.
fn warn_of_plain_text(listener: &TcpListener, config: &ServerConfig) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    if !address.ip().is_loopback() && !config.credentials.is_open() {
        tracing::warn!(
            "other machines reach {address}, and passwords and tokens travel there in plain text: \
             listen on a loopback address behind a proxy that speaks TLS"
        );
    }
}
