//! The published state that a session pinned at its start, carried in the session's configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::error::{DataFusionError, Result};
use state::Published;

/// A session's pinned state. Providers hold a name only; every scan, of cached and prepared plans
/// too, resolves the name against this.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The state.
    pub state: Arc<Published>,
    /// Answer even while the state is still catching up after a start.
    pub allow_catching_up: bool,
}

impl Pinned {
    /// The state that a session pinned; an error where it pinned none.
    pub fn of(session: &dyn Session) -> Result<Arc<Pinned>> {
        session.config().get_extension::<Pinned>().ok_or_else(|| {
            DataFusionError::Internal("the session has pinned no published state".into())
        })
    }

    /// Refuses to answer from what comes from these sources while one of them is catching up.
    pub fn check_caught_up(&self, sources: &BTreeSet<Arc<str>>) -> Result<()> {
        if self.allow_catching_up {
            return Ok(());
        }
        let behind = self.state.catching_up().into_iter();
        let behind: Vec<String> = behind
            .filter(|p| sources.contains(&p.source))
            .map(|p| {
                let left: i64 = p
                    .partitions
                    .iter()
                    .map(|p| (p.end_at_start - p.next_offset).max(0))
                    .sum();
                if p.partitions.is_empty() {
                    format!("{} ({})", p.source, p.state)
                } else {
                    format!("{} ({left} records left; {})", p.source, p.state)
                }
            })
            .collect();
        if behind.is_empty() {
            return Ok(());
        }
        Err(DataFusionError::External(Box::new(
            common::EngineError::unavailable(format!(
                "catching up after the start: {}; try again, or set the session option or header \
                 allow_catching_up (of `headwater sql` --allow-catching-up) to answer from what has \
                 been read so far",
                behind.join(", ")
            )),
        )))
    }
}
