//! The thread that commits.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread::JoinHandle;

use common::{EngineError, Result};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::flow::commit_loop::CommitLoop;

/// Starts the thread. What ends it early is sent to `fail`.
pub fn commit_thread(
    mut commit_loop: CommitLoop,
    stopped: watch::Receiver<bool>,
    runtime: Arc<Runtime>,
    fail: Arc<watch::Sender<Option<Arc<EngineError>>>>,
) -> Result<JoinHandle<Result<()>>> {
    std::thread::Builder::new()
        .name("commit".into())
        .spawn(move || {
            let outcome = caught(|| runtime.block_on(commit_loop.run(stopped)));
            if let Err(e) = &outcome {
                fail.send_replace(Some(Arc::new(e.retold())));
            }
            outcome
        })
        .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
}

/// Runs work whose panic must be noticed as much as its error: without a committer nothing that
/// is published would ever be durable.
fn caught(work: impl FnOnce() -> Result<()>) -> Result<()> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(EngineError::internal(
            "the commit thread panicked; its message stands in the log before",
        ))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use common::Kind;

    use super::*;

    #[test]
    fn a_panic_of_the_commit_thread_is_an_error_as_others_are() {
        let error = caught(|| panic!("injected")).unwrap_err();
        assert_eq!(error.kind, Kind::Internal);
        assert!(caught(|| Ok(())).is_ok());
    }
}
