//! The making of checkpoints beside the flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{EngineError, Result};

use super::standing::TablePins;
use crate::delta::{checkpoint_writer, log};
use crate::storage::Storage;

/// Makes checkpoints when enough versions have come since the last. One a storage root, in a task
/// of its own: a checkpoint costs what its table is large.
///
/// It deletes nothing. Log clean-up may come only up to the group `applied_through`.
#[derive(Debug)]
pub struct Maintainer {
    storage: Storage,
    every_groups: i64,
    /// The version of the last checkpoint by table, as far as known.
    last: BTreeMap<Arc<str>, i64>,
}

/// What became of the checkpoints that were due.
#[derive(Debug, Default)]
pub struct Checkpointed {
    /// The tables that have theirs.
    pub made: Vec<Arc<str>>,
    /// Those that don't, with the reason.
    pub failed: Vec<(Arc<str>, EngineError)>,
}

impl Maintainer {
    /// A maintainer that makes a table's checkpoint when it has `every_groups` versions since the
    /// last.
    pub fn new(storage: Storage, every_groups: i64) -> Self {
        Self {
            storage,
            every_groups: every_groups.max(1),
            last: BTreeMap::new(),
        }
    }

    /// Makes the checkpoints that are due at these versions, `system.commits` included. A failure
    /// concerns one table, and is tried again the next time.
    pub async fn checkpoint_if_due(&mut self, pins: &TablePins) -> Checkpointed {
        let mut done = Checkpointed::default();
        for (name, pin) in pins {
            match self.checkpoint(name, &pin.location, pin.version).await {
                Ok(true) => done.made.push(name.clone()),
                Ok(false) => {}
                Err(e) => done.failed.push((name.clone(), e)),
            }
        }
        done
    }

    async fn checkpoint(&mut self, name: &Arc<str>, location: &str, version: i64) -> Result<bool> {
        let last = match self.last.get(name) {
            Some(last) => *last,
            None => log::last_checkpoint(&self.storage, location)
                .await?
                .map_or(0, |checkpoint| checkpoint.version),
        };
        self.last.insert(name.clone(), last);
        if version - last < self.every_groups {
            return Ok(false);
        }
        checkpoint_writer::create(&self.storage, location, version).await?;
        self.last.insert(name.clone(), version);
        Ok(true)
    }
}
