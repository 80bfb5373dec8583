//! The handshake: credentials in, a session's token out.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::{BasicAuth, HandshakeRequest, HandshakeResponse};
use bytes::Bytes;
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Status, Streaming};

use crate::caller::{Login, check_password, not_logged_in, unauthenticated, user_of_token};
use crate::client_sessions::ClientSessions;
use crate::credentials::{ANONYMOUS, Credentials, fingerprint};

/// How long a client that shows nothing in its headers may take to send its login.
const PAYLOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a session for whoever the headers, or else the first message, show. Clients differ: some
/// send Basic or Bearer in the header and perhaps no message, some an empty one, and Flight's
/// older authentication puts a `BasicAuth` or a token into it.
pub(crate) async fn open_session(
    headers: &MetadataMap,
    mut messages: Streaming<HandshakeRequest>,
    credentials: &Credentials,
    sessions: &ClientSessions,
) -> Result<String, Status> {
    let login = match Login::from_headers(headers)? {
        Login::None => {
            let first = tokio::time::timeout(PAYLOAD_TIMEOUT, messages.message());
            match first.await {
                Ok(Ok(Some(first))) => login_of_payload(&first.payload)?,
                // A client that says nothing has told nothing.
                Ok(Ok(None)) | Err(_) => Login::None,
                Ok(Err(e)) => return Err(e),
            }
        }
        login => login,
    };
    let user: Arc<str> = match login {
        Login::None if credentials.is_open() => ANONYMOUS.into(),
        Login::None => return Err(not_logged_in()),
        Login::Basic { user, password } => check_password(credentials, &user, &password)?,
        Login::Bearer(token) => {
            let token = fingerprint(&token);
            match sessions.of_token(&token) {
                Some(session) => Arc::clone(&session.user),
                None => user_of_token(credentials, &token)?,
            }
        }
    };
    sessions.open(user)
}

fn login_of_payload(payload: &[u8]) -> Result<Login, Status> {
    if payload.is_empty() {
        return Ok(Login::None);
    }
    if let Ok(BasicAuth { username, password }) = BasicAuth::decode(payload)
        && !username.is_empty()
    {
        return Ok(Login::Basic {
            user: username,
            password,
        });
    }
    match std::str::from_utf8(payload) {
        Ok(token) => Ok(Login::Bearer(token.to_owned())),
        Err(_) => Err(unauthenticated(
            "the handshake's payload is neither a login nor a token",
        )),
    }
}

/// The message that tells the token to clients that don't read headers.
pub(crate) fn answer(token: &str) -> HandshakeResponse {
    HandshakeResponse {
        protocol_version: 0,
        payload: Bytes::copy_from_slice(token.as_bytes()),
    }
}
