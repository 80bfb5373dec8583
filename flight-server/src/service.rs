//! The parts of a running server, together.

use std::sync::Arc;
use std::time::Instant;

use datafusion::prelude::SessionContext;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::caller::Caller;
use crate::client_sessions::ClientSessions;
use crate::compute::Limits;
use crate::connection::Connection;
use crate::phase::Phase;
use crate::prepared::PreparedStatements;
use crate::tickets::Tickets;
use crate::{QueryBackend, ServerConfig, SessionOptions, client_settings, status};

/// What every call has at hand.
pub(crate) struct Service {
    pub(crate) backend: Arc<dyn QueryBackend>,
    pub(crate) config: ServerConfig,
    pub(crate) sessions: ClientSessions,
    pub(crate) prepared: PreparedStatements,
    pub(crate) tickets: Tickets,
    /// The threads that plan and run queries.
    pub(crate) threads: Handle,
    phase: watch::Receiver<Phase>,
}

impl Service {
    pub(crate) fn new(
        backend: Arc<dyn QueryBackend>,
        config: ServerConfig,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            backend,
            sessions: ClientSessions::new(&config),
            prepared: PreparedStatements::new(&config),
            tickets: Tickets::new(&config),
            threads: config.query_threads.clone().unwrap_or_else(Handle::current),
            config,
            phase,
        }
    }

    /// Lets a call in, or not.
    pub(crate) fn caller(
        &self,
        headers: &MetadataMap,
        connection: Option<&Connection>,
    ) -> Result<Caller, Status> {
        self.open()?;
        Caller::identify(
            headers,
            connection,
            &self.config.credentials,
            &self.sessions,
        )
    }

    /// An error once the server is asked to stop.
    pub(crate) fn open(&self) -> Result<(), Status> {
        if *self.phase.borrow() == Phase::Serving {
            return Ok(());
        }
        Err(status::status(
            tonic::Code::Unavailable,
            "the server shuts down: try again",
        ))
    }

    /// A session of the engine with the caller's choices in effect.
    pub(crate) fn session(&self, options: &SessionOptions) -> Result<SessionContext, Status> {
        let ctx = self
            .backend
            .session(options)
            .map_err(|e| status::from_engine(&e))?;
        client_settings::apply(&ctx, options).map_err(|e| status::from_datafusion(&e))?;
        Ok(ctx)
    }

    /// When a query that starts now has to end.
    pub(crate) fn limits(&self, caller: &Caller) -> Limits {
        let own = self
            .config
            .query_timeout
            .and_then(|t| Instant::now().checked_add(t));
        Limits {
            deadline: [own, caller.deadline].into_iter().flatten().min(),
            phase: self.phase.clone(),
            cancelled: None,
        }
    }
}
