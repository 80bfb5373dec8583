//! The connections that a listener takes.

use std::io;
use std::sync::Arc;

use futures::{Stream, TryStreamExt, future};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::transport::server::TcpIncoming;

use crate::connection::Socket;

/// Takes connections, at most so many at a time: one too many is closed at once, since each is a
/// file of the process, and the engine needs files of its own.
pub(crate) fn incoming(
    listener: TcpListener,
    connection_count_max: usize,
) -> impl Stream<Item = io::Result<Socket>> {
    let room = Arc::new(Semaphore::new(
        connection_count_max.min(Semaphore::MAX_PERMITS),
    ));
    let mut refused: u64 = 0;
    TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .try_filter_map(move |stream| {
            let socket = match Arc::clone(&room).try_acquire_owned() {
                Ok(permit) => Some(Socket::new(stream, permit)),
                Err(_) => {
                    refused += 1;
                    // At the first, and whenever the number has doubled.
                    if refused.is_power_of_two() {
                        tracing::warn!(
                            connection_count_max,
                            refused,
                            "a client's connection was closed: too many are open"
                        );
                    }
                    None
                }
            };
            future::ready(Ok(socket))
        })
}
