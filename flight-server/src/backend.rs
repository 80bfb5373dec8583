//! What the server asks of the engine: a session that sees one published state.

use std::collections::BTreeMap;

use common::EngineError;
use datafusion::prelude::SessionContext;

/// Gives sessions to run queries in.
pub trait QueryBackend: Send + Sync + 'static {
    /// A session in which every table resolves against the state published at this moment.
    ///
    /// Called once to plan a statement and once more for each run of it, so it should be cheap.
    /// Logical plans made in one session are run in another: table providers must resolve the
    /// state when they are planned physically, from the session that they are given. The server
    /// itself then applies the options' catalog, schema and settings to the session.
    fn session(&self, options: &SessionOptions) -> Result<SessionContext, EngineError>;
}

/// What a client chose for its session, by session options, `SET`, or the headers of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// Who asks: the user's or the token's name; `anonymous` where the server asks for no login.
    pub user: String,
    /// Answer even while published state still catches up with what was visible before a restart.
    pub allow_catching_up: bool,
    /// The catalog of unqualified names.
    pub catalog: Option<String>,
    /// The schema of unqualified names.
    pub schema: Option<String>,
    /// DataFusion settings (`datafusion.…`) that the server lets clients choose.
    pub settings: BTreeMap<String, String>,
}
