//! A client's connection, with the sessions of those who don't shake hands.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

use crate::client_sessions::Session;

/// What every call on one connection shares. A client that sends its credentials with every call,
/// or needs none, is known by its connection: its choices end with it, and nobody else has them.
#[derive(Clone, Default)]
pub(crate) struct Connection {
    /// At most one for each user that has logged in here.
    sessions: Arc<Mutex<Vec<Arc<Session>>>>,
}

impl Connection {
    /// The user's session on this connection.
    pub(crate) fn session(&self, user: Arc<str>) -> Arc<Session> {
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.iter().find(|s| s.user == user) {
            return Arc::clone(session);
        }
        let session = Session::new(user);
        sessions.push(Arc::clone(&session));
        session
    }

    /// Lets go of a session, if it is one of this connection's.
    pub(crate) fn close(&self, session: &Session) {
        self.sessions.lock().retain(|s| s.id != session.id);
    }
}

/// How long a client may take for its first words, the preface of HTTP/2 and the frame behind it.
/// Only then it is looked whether a silent client is still there.
const FIRST_WORDS_MAX: Duration = Duration::from_secs(10);
/// Bytes of the preface (RFC 9113, section 3.4) and of a frame's header.
const FIRST_WORDS_BYTES: usize = 24 + 9;

/// The bytes of a connection.
pub(crate) struct Socket {
    stream: TcpStream,
    connection: Connection,
    /// Until the client has said its first words.
    greeting: Option<Greeting>,
    _permit: OwnedSemaphorePermit,
}

impl Socket {
    /// A connection that was accepted, and what lets it be one of many.
    pub(crate) fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            connection: Connection::default(),
            greeting: Some(Greeting {
                until: Box::pin(sleep(FIRST_WORDS_MAX)),
                bytes_left: FIRST_WORDS_BYTES,
            }),
            _permit: permit,
        }
    }
}

struct Greeting {
    until: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Connected for Socket {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        self.connection.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Some(greeting) = &mut self.greeting else {
            return read;
        };
        let bytes = buf.filled().len() - before;
        greeting.bytes_left = greeting.bytes_left.saturating_sub(bytes);
        if greeting.bytes_left == 0 {
            self.greeting = None;
        } else if greeting.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
