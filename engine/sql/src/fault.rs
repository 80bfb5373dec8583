//! One thing that is wrong with the SQL folder: where, what, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use common::EngineError;

/// Where in a file a fault is, as exactly as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    File,
    /// A clause or statement, where the parser keeps no position.
    Clause(String),
    /// A line and column, both from 1, columns in characters.
    At {
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
}

/// One fault. It displays as `file:line:column: message; help`, or as `file: in CLAUSE: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as found below the folder that was given.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    /// A fault of a whole file.
    pub fn of_file(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: Place::File,
            message: message.into(),
            help: None,
        }
    }

    /// The same fault with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same fault with what to do about it, if there is something to say.
    #[must_use]
    pub fn help_if_any(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        match &self.place {
            Place::File => {}
            Place::Clause(clause) => write!(f, " in {clause}:")?,
            Place::At { line, column } => write!(f, "{line}:{column}:")?,
        }
        write!(f, " {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for EngineError {
    fn from(fault: Fault) -> Self {
        Self::invalid(fault.to_string())
    }
}
