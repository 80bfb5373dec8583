//! How a query hears that it must end while it computes, without giving way to anybody.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use datafusion::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::{SessionConfig, SessionContext};

/// A session's end, carried in its configuration. Who started the query ends it or gives it a
/// deadline; the plan's joins look at both before each batch of pairs that they filter, and functions
/// that take long between rows, so no other thread has to run for a query to end.
#[derive(Debug, Default)]
pub struct Interrupt {
    ended: AtomicBool,
    deadline: OnceLock<Instant>,
}

/// Why a query was ended while it computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupted {
    /// Nobody waits for it any more.
    Ended,
    /// Its time is over.
    Late,
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ended => "the query was cancelled",
            Self::Late => "the query took longer than its time limit",
        })
    }
}

impl std::error::Error for Interrupted {}

impl Interrupt {
    /// Puts an interrupt into a session's configuration.
    pub(super) fn carry(self: Arc<Self>, config: &mut SessionConfig) {
        config.options_mut().extensions.insert(Carried(self));
    }

    /// A session's interrupt; one that nothing heeds where the session has none.
    pub fn of(session: &SessionContext) -> Arc<Self> {
        let state = session.state_ref();
        let state = state.read();
        let carried = state.config_options().extensions.get::<Carried>();
        carried.map(|of| Arc::clone(&of.0)).unwrap_or_default()
    }

    /// An error once the queries of the session with this configuration are to end.
    pub(super) fn check_of(config: &ConfigOptions) -> Result<()> {
        match config.extensions.get::<Carried>() {
            Some(carried) => carried.0.check(),
            None => Ok(()),
        }
    }

    /// Ends the session's queries.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Ends the session's queries at an instant. The first call decides.
    pub fn end_at(&self, deadline: Instant) {
        let _ = self.deadline.set(deadline);
    }

    /// An error once the queries are to end.
    pub(super) fn check(&self) -> Result<()> {
        let why = if self.ended.load(Ordering::Relaxed) {
            Interrupted::Ended
        } else if self.deadline.get().is_some_and(|at| Instant::now() >= *at) {
            Interrupted::Late
        } else {
            return Ok(());
        };
        Err(DataFusionError::External(Box::new(why)))
    }
}

/// An interrupt as an extension of the options, where a function's calls find it. It is no option:
/// it is not shown and cannot be set.
#[derive(Debug)]
struct Carried(Arc<Interrupt>);

impl ConfigExtension for Carried {
    const PREFIX: &'static str = "interrupt";
}

impl ExtensionOptions for Carried {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    /// All copies of a session's configuration share its interrupt.
    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(Self(Arc::clone(&self.0)))
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!(
            "there is no option {}.{key}",
            Self::PREFIX
        )))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
