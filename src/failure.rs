//! How a command fails: messages for people, and an exit code for scripts.

use std::process::ExitCode;

use engine::{EngineError, Kind};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    messages: Vec<String>,
    code: u8,
}

/// What a command gives back.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// The request is wrong (exit code 2): one message a fault.
    pub fn invalid(messages: Vec<String>) -> Self {
        Self { messages, code: 2 }
    }

    /// The command ran, and its answer is no (exit code 1).
    pub fn no(message: impl Into<String>) -> Self {
        Self {
            messages: vec![message.into()],
            code: 1,
        }
    }

    /// Prints the messages and gives the exit code.
    pub fn report(self) -> ExitCode {
        for message in &self.messages {
            eprintln!("error: {message}");
        }
        ExitCode::from(self.code)
    }
}

impl From<EngineError> for Failure {
    fn from(e: EngineError) -> Self {
        let code = match e.kind {
            Kind::Invalid => 2,
            Kind::Unavailable => 3,
            Kind::Conflict => 4,
            Kind::Exhausted => 5,
            Kind::Data => 6,
            Kind::Internal => 70,
        };
        Self {
            messages: vec![e.to_string()],
            code,
        }
    }
}

impl From<generator::Error> for Failure {
    fn from(e: generator::Error) -> Self {
        Self {
            messages: vec![e.to_string()],
            code: 3,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self {
            messages: vec![e.to_string()],
            code: 3,
        }
    }
}
