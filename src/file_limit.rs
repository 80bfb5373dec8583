//! How many files the process may hold open, connections among them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the system lets everybody, and tells it. Shells start processes with
/// a low one for the sake of programs that are older than this limit; the engine holds a file for
/// each connection to Kafka and each one that a client makes, and for each file that a query reads.
pub fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let highest = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Where that is refused the old limit stays, which is told.
    let _ = setrlimit(Resource::Nofile, highest);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
