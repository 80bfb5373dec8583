//! How a command fails: messages for people, and an exit code for scripts.

use std::process::ExitCode;

use common::{EngineError, Kind};

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
        Self {
            messages: vec![e.to_string()],
            code: code(e.kind),
        }
    }
}

impl From<generator::Error> for Failure {
    fn from(e: generator::Error) -> Self {
        use generator::Error;
        let kind = match &e {
            Error::Invalid(_) | Error::Format { .. } => Kind::Invalid,
            Error::Kafka { .. }
            | Error::Broker { .. }
            | Error::File { .. }
            | Error::Undelivered { .. }
            | Error::Stopped(_) => Kind::Unavailable,
            Error::ThreadDied(_) => Kind::Internal,
        };
        Self {
            messages: vec![e.to_string()],
            code: code(kind),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self {
            messages: vec![e.to_string()],
            code: code(Kind::Unavailable),
        }
    }
}

/// The exit code of a kind of error.
fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Invalid => 2,
        Kind::Unavailable => 3,
        Kind::Conflict => 4,
        Kind::Exhausted => 5,
        Kind::Data => 6,
        Kind::Internal => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_generator_cannot_use_is_the_request_s_fault() {
        let invalid = generator::Error::Invalid("rate: 0".to_owned());
        assert_eq!(Failure::from(invalid).code, 2);
        let format = generator::Error::Format {
            path: "facts-1.csv".into(),
            line: 1,
            what: "another header".to_owned(),
        };
        assert_eq!(Failure::from(format).code, 2);
        let stopped = generator::Error::Stopped("a:1".to_owned());
        assert_eq!(Failure::from(stopped).code, 3);
        let died = generator::Error::ThreadDied("generator");
        assert_eq!(Failure::from(died).code, 70);
    }
}
