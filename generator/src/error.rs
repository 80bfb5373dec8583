//! What can go wrong while generating: the broker, the books' folder, the key file or an option.

use std::path::{Path, PathBuf};

/// An error of the generator. Messages name the thing, the place and the remedy, and never hold
/// keys or plaintext.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option has a value that cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The broker refused or failed an operation.
    #[error("kafka at {brokers}: {what}: {source}")]
    Kafka {
        /// The bootstrap list.
        brokers: String,
        /// What was being done.
        what: String,
        /// librdkafka's error.
        source: Box<rdkafka::error::KafkaError>,
    },
    /// The broker answered in a way that the generator cannot use.
    #[error("kafka at {brokers}: {what}")]
    Broker {
        /// The bootstrap list.
        brokers: String,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {what}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was being done.
        what: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file holds what it shouldn't.
    #[error("{}:{line}: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 where the whole file is meant.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Records were refused by the broker, so that the topic lacks what the workload made.
    #[error("{count} records could not be delivered; the first failed with: {first}")]
    Undelivered {
        /// How many.
        count: u64,
        /// The first error.
        first: String,
    },
    /// A thread of the generator ended by a panic.
    #[error("the {0} thread died; this is a bug")]
    ThreadDied(&'static str),
    /// The run was stopped while it waited for the broker.
    #[error("stopped while waiting for kafka at {0}")]
    Stopped(String),
}

impl Error {
    pub(crate) fn file(path: &Path, what: &'static str, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            what,
            source,
        }
    }

    pub(crate) fn format(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Self::Format {
            path: path.to_path_buf(),
            line,
            what: what.into(),
        }
    }

    pub(crate) fn kafka(
        brokers: &str,
        what: impl Into<String>,
        source: rdkafka::error::KafkaError,
    ) -> Self {
        Self::Kafka {
            brokers: brokers.to_owned(),
            what: what.into(),
            source: Box::new(source),
        }
    }
}

/// The generator's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
