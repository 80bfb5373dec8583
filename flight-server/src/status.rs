//! How errors become gRPC statuses.

use std::error::Error;

use arrow::error::ArrowError;
use common::error::{SPILL_FULL, kind_of_cause};
use common::{EngineError, Kind};
use datafusion::error::DataFusionError;
use query::Interrupted;
use sql::plain_message;
use tonic::{Code, Status};

/// Statuses travel in HTTP/2 trailers, which many clients limit to 8 KiB, percent-encoded.
const MESSAGE_BYTES_MAX: usize = 2_000;

/// The status of an engine's error.
pub(crate) fn from_engine(error: &EngineError) -> Status {
    status(code_of(error.kind), &error.to_string())
}

fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Unavailable => Code::Unavailable,
        Kind::Conflict => Code::Aborted,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Data => Code::DataLoss,
        Kind::Internal => Code::Internal,
    }
}

/// The kind of error that a status tells of: the client's way back.
pub(crate) fn kind_of(code: Code) -> Kind {
    match code {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Kind::Unavailable,
        Code::Aborted | Code::AlreadyExists => Kind::Conflict,
        Code::ResourceExhausted => Kind::Exhausted,
        Code::DataLoss => Kind::Data,
        Code::InvalidArgument
        | Code::NotFound
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented => Kind::Invalid,
        Code::Ok | Code::Unknown | Code::Internal => Kind::Internal,
    }
}

/// The status of an error of planning or running a query, with its position where it has one.
pub(crate) fn from_datafusion(error: &DataFusionError) -> Status {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(e) = cause {
        if let Some(engine) = e.downcast_ref::<EngineError>() {
            return from_engine(engine);
        }
        if let Some(interrupted) = e.downcast_ref::<Interrupted>() {
            return match interrupted {
                Interrupted::Ended => cancelled(),
                Interrupted::Late => late(),
            };
        }
        cause = e.source();
    }
    let (message, help) = plain_message(error);
    let mut message = message.replace(SPILL_FULL, "query.spill_bytes_max");
    let is_helped = help.is_some();
    if let Some(help) = help {
        message.push_str("; ");
        message.push_str(&help);
    }
    if let Some(diagnostic) = error.diagnostic() {
        if let Some(span) = diagnostic.span {
            message.push_str(&format!(
                " (line {}, column {})",
                span.start.line, span.start.column
            ));
        }
        let notes = diagnostic.notes.iter().map(|note| &note.message);
        let helps = diagnostic.helps.iter().map(|help| &help.message);
        // The help of a name that is not known is the diagnostic's in other words.
        for more in notes.chain(helps).filter(|_| !is_helped) {
            message.push_str("; ");
            message.push_str(more);
        }
    }
    let code = match kind_of_cause(error) {
        Some(kind) => code_of(kind),
        None => code_of_root(error.find_root()),
    };
    if code == Code::ResourceExhausted && message.contains("Failed to allocate") {
        message.push_str("; query.memory_bytes_max is what all queries may take together");
    }
    status(code, &message)
}

fn code_of_root(root: &DataFusionError) -> Code {
    use DataFusionError as E;
    match root {
        E::Plan(m) if names_missing_table(m) => Code::NotFound,
        E::SQL(..) | E::Plan(_) | E::SchemaError(..) | E::Configuration(_) => Code::InvalidArgument,
        // Division by zero, overflow, a cast that fails: the request's own values.
        E::Execution(_) => Code::InvalidArgument,
        E::ArrowError(e, _) => code_of_arrow(e),
        E::NotImplemented(_) => Code::Unimplemented,
        _ => Code::Internal,
    }
}

/// Arrow's kernels tell of values that they cannot take, and of batches that are wrong.
fn code_of_arrow(error: &ArrowError) -> Code {
    use ArrowError as E;
    match error {
        E::DivideByZero
        | E::ArithmeticOverflow(_)
        | E::CastError(_)
        | E::ComputeError(_)
        | E::InvalidArgumentError(_)
        | E::ParseError(_) => Code::InvalidArgument,
        E::NotYetImplemented(_) => Code::Unimplemented,
        E::MemoryError(_)
        | E::OffsetOverflowError(_)
        | E::DictionaryKeyOverflowError
        | E::RunEndIndexOverflowError => Code::ResourceExhausted,
        _ => Code::Internal,
    }
}

fn names_missing_table(message: &str) -> bool {
    message.starts_with("table '") && message.contains("' not found")
}

/// A status with a message of bounded length.
pub(crate) fn status(code: Code, message: &str) -> Status {
    if message.len() <= MESSAGE_BYTES_MAX {
        return Status::new(code, message);
    }
    let mut end = MESSAGE_BYTES_MAX;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    Status::new(code, format!("{} …", &message[..end]))
}

/// INVALID_ARGUMENT.
pub(crate) fn invalid(message: impl AsRef<str>) -> Status {
    status(Code::InvalidArgument, message.as_ref())
}

/// UNIMPLEMENTED.
pub(crate) fn unsupported(message: impl AsRef<str>) -> Status {
    status(Code::Unimplemented, message.as_ref())
}

/// CANCELLED: somebody ended the query.
pub(crate) fn cancelled() -> Status {
    status(Code::Cancelled, &Interrupted::Ended.to_string())
}

/// DEADLINE_EXCEEDED: the query took too long.
pub(crate) fn late() -> Status {
    status(Code::DeadlineExceeded, &Interrupted::Late.to_string())
}

/// INTERNAL: a step that can only fail by a bug.
pub(crate) fn internal(step: &str, error: impl std::fmt::Display) -> Status {
    status(Code::Internal, &format!("{step}: {error}"))
}

#[cfg(test)]
mod tests {
    use datafusion::common::Diagnostic;

    use super::*;

    #[test]
    fn engine_errors_keep_their_kind_through_datafusion() {
        let wrapped = DataFusionError::External(Box::new(EngineError::unavailable("catching up")))
            .context("planning");
        assert_eq!(from_datafusion(&wrapped).code(), Code::Unavailable);
        assert_eq!(from_datafusion(&wrapped).message(), "catching up");
    }

    #[test]
    fn faults_of_the_server_are_not_blamed_on_the_request() {
        let disk = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let arrow = |e: ArrowError| DataFusionError::ArrowError(Box::new(e), None);
        for (error, code) in [
            (DataFusionError::IoError(disk()), Code::Unavailable),
            (
                arrow(ArrowError::ExternalError(Box::new(disk()))),
                Code::Unavailable,
            ),
            (arrow(ArrowError::DivideByZero), Code::InvalidArgument),
            (
                arrow(ArrowError::ParquetError("no magic number".to_owned())),
                Code::DataLoss,
            ),
            (
                DataFusionError::External(Box::new(Interrupted::Late)).context("joining"),
                Code::DeadlineExceeded,
            ),
            (
                DataFusionError::External(Box::new(Interrupted::Ended)),
                Code::Cancelled,
            ),
        ] {
            assert_eq!(from_datafusion(&error).code(), code, "{error}");
        }
    }

    #[test]
    fn notes_and_help_follow_the_message() {
        let mut diagnostic = Diagnostic::new_error("no such column", None);
        diagnostic.add_note("it is hidden", None);
        diagnostic.add_help("ask for another", None);
        let error = DataFusionError::Plan("no such column".to_owned()).with_diagnostic(diagnostic);
        let told = from_datafusion(&error);
        let told = told.message();
        assert!(told.ends_with("; it is hidden; ask for another"), "{told}");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let s = status(Code::Internal, &"é".repeat(3_000));
        assert!(s.message().len() < 2_010 && s.message().ends_with('…'));
    }
}
