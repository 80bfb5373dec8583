//! The engine as the Flight SQL server asks it for sessions.

use std::sync::Arc;

use common::EngineError;
use datafusion::prelude::SessionContext;
use flight_server::{QueryBackend, SessionOptions};
use query::Sessions;

/// Gives the server sessions over the published state.
#[derive(Debug)]
pub struct EngineBackend {
    sessions: Arc<Sessions>,
}

impl EngineBackend {
    /// A backend over an engine's sessions.
    pub fn new(sessions: Arc<Sessions>) -> Self {
        Self { sessions }
    }
}

impl QueryBackend for EngineBackend {
    fn session(&self, options: &SessionOptions) -> Result<SessionContext, EngineError> {
        Ok(self
            .sessions
            .session(options.allow_catching_up, options.schema.as_deref()))
    }
}
