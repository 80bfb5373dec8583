//! Connections that ask nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fixture::{Memory, Server, query};
use crate::ServerConfig;

const PATIENCE: Duration = Duration::from_secs(60);

/// Reads what the server says until it closes the connection.
async fn closed(stream: &mut TcpStream) {
    let mut said = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    assert!(read.is_ok(), "the connection stays open");
}

#[tokio::test]
async fn silent_connections_take_room_from_others_for_a_while_only() {
    let config = ServerConfig {
        connection_count_max: 2,
        ..ServerConfig::default()
    };
    let server = Server::start(Memory::new().await, config).await;
    let mut silent = Vec::new();
    for said in ["", "PRI * HTTP/2.0"] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    closed(&mut TcpStream::connect(server.addr).await.unwrap()).await;
    for stream in &mut silent {
        closed(stream).await;
    }
    let mut client = server.client().await;
    assert_eq!(query(&mut client, "SELECT 1").await.column(), ["1"]);
}
