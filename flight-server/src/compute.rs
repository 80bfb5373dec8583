//! Work on the queries' threads, with what may end it before it is done.

use std::future::Future;
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tonic::{Code, Status};

use crate::phase::Phase;
use crate::status;

/// What Arrow panics with where a column of text or bytes outgrows its 32-bit offsets.
const OFFSET_OVERFLOW: &str = "offset overflow";

/// What may end a query before its rows do.
#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) deadline: Option<Instant>,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Turns true when the query is cancelled; none where nobody can do that.
    pub(crate) cancelled: Option<watch::Receiver<bool>>,
}

impl Limits {
    /// Waits until one of them is reached, and says which.
    pub(crate) async fn reached(self) -> Status {
        let Self {
            deadline,
            mut phase,
            cancelled,
        } = self;
        let late = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let cancelled = async {
            if let Some(mut cancelled) = cancelled
                && cancelled.wait_for(|c| *c).await.is_ok()
            {
                return;
            }
            std::future::pending().await
        };
        tokio::select! {
            () = cancelled => status::cancelled(),
            () = late => status::late(),
            _ = phase.wait_for(|p| *p == Phase::Ending) => status::status(
                Code::Unavailable,
                "the server shuts down: run the statement again",
            ),
        }
    }
}

/// Does work on the queries' threads. It ends at the latest when a limit is reached, or when the
/// caller stops waiting: at its next await, which is up to the work.
pub(crate) async fn compute<T: Send + 'static>(
    threads: &Handle,
    limits: Limits,
    work: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    let mut task = JoinSet::new();
    task.spawn_on(work, threads);
    tokio::select! {
        done = task.join_next() => match done {
            Some(Ok(done)) => done,
            Some(Err(e)) => Err(broken(e)),
            None => Err(status::internal("running the query", "its task is gone")),
        },
        why = limits.reached() => Err(why),
    }
}

/// Why a task gave no answer.
pub(crate) fn broken(error: JoinError) -> Status {
    let Ok(panic) = error.try_into_panic() else {
        return status::status(
            Code::Unavailable,
            "the server shuts down: run the statement again",
        );
    };
    let said = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(said), _) => *said,
        (_, Some(said)) => said.as_str(),
        _ => "",
    };
    if said.contains(OFFSET_OVERFLOW) {
        return status::status(
            Code::ResourceExhausted,
            "the texts of one column of one batch would be larger than 2 GiB: make them shorter, or \
             ask for fewer rows at a time",
        );
    }
    status::internal(
        "running the query",
        "it panicked; the server's log says where",
    )
}

#[cfg(test)]
#[expect(clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_column_that_outgrows_arrow_is_not_called_a_bug() {
        async fn code_of(message: &'static str) -> Code {
            let task = tokio::spawn(async move { panic!("{message}") });
            broken(task.await.unwrap_err()).code()
        }
        assert_eq!(
            code_of("byte array offset overflow").await,
            Code::ResourceExhausted
        );
        assert_eq!(code_of("index out of bounds").await, Code::Internal);
    }
}
