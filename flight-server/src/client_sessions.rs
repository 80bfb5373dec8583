//! The sessions of connected clients: by the token that stands for them, or by their connection.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::RwLock;
use tonic::Status;
use uuid::Uuid;

use crate::client_settings::ClientSettings;
use crate::config::ServerConfig;
use crate::credentials::{Fingerprint, fingerprint};
use crate::expiring::Expiring;
use crate::status;

/// One client's session: who it is, and what it chose.
pub(crate) struct Session {
    /// What prepared statements and tickets name the session by.
    pub(crate) id: Uuid,
    pub(crate) user: Arc<str>,
    pub(crate) settings: RwLock<ClientSettings>,
}

impl Session {
    pub(crate) fn new(user: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            id: Uuid::new_v4(),
            user,
            settings: RwLock::default(),
        })
    }
}

/// The sessions of clients that shook hands. Such a client was handed a token, and is known by it
/// from then on. The others' sessions are their [`Connection`](crate::connection::Connection)'s, so
/// that they can neither outlive it nor crowd out these.
pub(crate) struct ClientSessions {
    by_token: Expiring<Fingerprint, Arc<Session>>,
}

impl ClientSessions {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self {
            by_token: Expiring::new(config.session_ttl, config.session_count_max),
        }
    }

    /// Opens a session, and gives the token to send with its calls.
    pub(crate) fn open(&self, user: Arc<str>) -> Result<String, Status> {
        let mut secret = [0; 32];
        rand::fill(&mut secret).map_err(|e| status::internal("making a session token", e))?;
        let token = URL_SAFE_NO_PAD.encode(secret);
        self.by_token
            .insert(fingerprint(&token), Session::new(user));
        Ok(token)
    }

    /// The session of a token that the server handed out.
    pub(crate) fn of_token(&self, token: &Fingerprint) -> Option<Arc<Session>> {
        self.by_token.get(token)
    }

    /// Ends a session that has a token.
    pub(crate) fn close(&self, session: &Session) {
        self.by_token.remove_all(|s| s.id == session.id);
    }
}
