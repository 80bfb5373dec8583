//! The engine's error: what went wrong, and what kind of answer it asks of the caller.

mod classify;

use std::fmt;

use arrow::error::ArrowError;
pub use classify::{SPILL_FULL, kind_of_cause};

/// What the caller should do about an [`EngineError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request, the SQL or the configuration is wrong: fix it.
    Invalid,
    /// Something outside is away for a while: try again.
    Unavailable,
    /// Somebody else moved first: reload and redo, or stop (a fenced writer).
    Conflict,
    /// A limit was reached: ask for less, or later.
    Exhausted,
    /// Stored data is not what it must be: stop this flow and call a person.
    Data,
    /// A bug of Headwater's.
    Internal,
}

/// An error of the engine. The message is lower case and names the thing, the place and the
/// remedy; it never holds keys or plaintext.
#[derive(Debug)]
pub struct EngineError {
    /// What the caller should do.
    pub kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A result whose error is an [`EngineError`].
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

impl EngineError {
    /// An error of a kind with its message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// [`Kind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// [`Kind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// [`Kind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// [`Kind::Exhausted`].
    pub fn exhausted(message: impl Into<String>) -> Self {
        Self::new(Kind::Exhausted, message)
    }

    /// [`Kind::Data`].
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// [`Kind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// The same error with the error that caused it.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same kind and words as an error of its own, for who has to tell it a second time.
    #[must_use]
    pub fn retold(&self) -> Self {
        Self::new(self.kind, self.to_string())
    }

    /// The same error with a place or an action put before its message.
    #[must_use]
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|s| s as &(dyn std::error::Error + 'static))
    }
}

impl From<ArrowError> for EngineError {
    fn from(e: ArrowError) -> Self {
        Self::internal("arrow kernel failed").caused_by(e)
    }
}

impl From<datafusion_common::DataFusionError> for EngineError {
    fn from(e: datafusion_common::DataFusionError) -> Self {
        use datafusion_common::DataFusionError as D;
        let kind = kind_of_cause(&e).unwrap_or_else(|| match e.find_root() {
            D::SQL(..) | D::Plan(_) | D::SchemaError(..) | D::NotImplemented(_) => Kind::Invalid,
            _ => Kind::Internal,
        });
        Self::new(kind, e.strip_backtrace())
    }
}

impl From<object_store::Error> for EngineError {
    fn from(e: object_store::Error) -> Self {
        Self::unavailable("object store").caused_by(e)
    }
}

impl From<parquet::errors::ParquetError> for EngineError {
    fn from(e: parquet::errors::ParquetError) -> Self {
        Self::data("parquet file").caused_by(e)
    }
}
