//! The sessions of connected clients, by the token that stands for them.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::RwLock;
use tonic::Status;

use crate::config::ServerConfig;
use crate::credentials::{Fingerprint, fingerprint};
use crate::expiring::Expiring;
use crate::settings::Settings;
use crate::status;

/// One client's session: who it is, and what it chose.
pub(crate) struct Session {
    pub(crate) user: Arc<str>,
    pub(crate) settings: RwLock<Settings>,
}

impl Session {
    fn new(user: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            user,
            settings: RwLock::default(),
        })
    }
}

/// All sessions. A client that shakes hands is handed a token, and is known by it from then on. One
/// that doesn't (it sends a static token, or user and password, with every call) is known by its
/// connection, so that its choices aren't shared with others of the same name.
pub(crate) struct Sessions {
    by_token: Expiring<Fingerprint, Arc<Session>>,
}

impl Sessions {
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

    /// The session of a client that shows its credentials with every call, or needs none.
    pub(crate) fn of_connection(
        &self,
        user: Arc<str>,
        peer: Option<SocketAddr>,
    ) -> (Arc<Session>, Fingerprint) {
        // No token holds a line feed, so no token opens this session.
        let key = fingerprint(&format!("{peer:?}\n{user}"));
        if let Some(session) = self.by_token.get(&key) {
            return (session, key);
        }
        let session = Session::new(user);
        self.by_token.insert(key, Arc::clone(&session));
        (session, key)
    }

    pub(crate) fn close(&self, key: &Fingerprint) {
        self.by_token.remove(key);
    }
}
