//! How far a shutdown has got.

/// How far a shutdown has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Calls are taken.
    Serving,
    /// Running queries may finish; new calls are turned away.
    Draining,
    /// Running queries are ended.
    Ending,
}
