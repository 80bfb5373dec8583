//! What an error that came through DataFusion, Arrow or Parquet asks of the caller, however deep
//! its cause is wrapped.

use std::error::Error;
use std::io;

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;
use parquet::errors::ParquetError;

use super::{EngineError, Kind};

/// How a reader of files begins what the store told it.
const EXTERNAL: &str = "External: ";
/// DataFusion's reader keeps only the text of what went wrong when it fetched a file's footer.
const FOOTER: &str = "Failed to fetch metadata for file";
const STORE: &str = "Object Store error";
/// DataFusion's reader of files evaluates a query's filters, and keeps only the text of what went
/// wrong there, in Rust's notation.
const FILTER: &str = "Error evaluating filter predicate: ";
const EXHAUSTED: &str = "ResourcesExhausted(";
/// The option that DataFusion names where spilled rows take more than they may: an I/O error to it.
pub const SPILL_FULL: &str = "datafusion.runtime.max_temp_directory_size";

/// The kind of the cause that decides: the engine's own error, a limit that was reached, or a fault
/// of the store, the disk or a file. None where none of them is the cause, and the statement or
/// Headwater itself must be.
///
/// A file that isn't there or isn't what it must be is of [`Kind::Data`], a full disk is of
/// [`Kind::Exhausted`], and whatever else a store or a disk answers passes: [`Kind::Unavailable`].
pub fn kind_of_cause(error: &(dyn Error + 'static)) -> Option<Kind> {
    let mut cause = Some(error);
    let mut file = None;
    while let Some(e) = cause {
        if let Some(kind) = kind_of_one(e) {
            return Some(kind);
        }
        if let Some(e) = e.downcast_ref::<ParquetError>() {
            file = Some(kind_of_file(&e.to_string()));
        }
        if let Some(ArrowError::ParquetError(e)) = e.downcast_ref::<ArrowError>() {
            file = Some(kind_of_file(e));
        }
        cause = e.source();
    }
    file
}

/// The kind of an error that decides, whatever it is wrapped in and whatever it wraps.
fn kind_of_one(error: &(dyn Error + 'static)) -> Option<Kind> {
    if let Some(e) = error.downcast_ref::<EngineError>() {
        return Some(e.kind);
    }
    if let Some(DataFusionError::ResourcesExhausted(_)) = error.downcast_ref() {
        return Some(Kind::Exhausted);
    }
    // A pattern of the statement's own.
    if error.is::<regex::Error>() {
        return Some(Kind::Invalid);
    }
    if let Some(ArrowError::ComputeError(e)) = error.downcast_ref()
        && let Some(e) = e.strip_prefix(FILTER)
    {
        let exhausted = e.contains(EXHAUSTED);
        return Some(if exhausted {
            Kind::Exhausted
        } else {
            Kind::Invalid
        });
    }
    if let Some(e) = error.downcast_ref::<object_store::Error>() {
        return Some(match e {
            object_store::Error::NotFound { .. } => Kind::Data,
            _ => Kind::Unavailable,
        });
    }
    if let Some(e) = error.downcast_ref::<io::Error>() {
        return Some(match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::Exhausted,
            _ if e.to_string().contains(SPILL_FULL) => Kind::Exhausted,
            _ => Kind::Unavailable,
        });
    }
    None
}

/// The kind of what a reader of files tells, where only its text is left.
fn kind_of_file(message: &str) -> Kind {
    if message.starts_with(EXTERNAL) || (message.contains(FOOTER) && message.contains(STORE)) {
        Kind::Unavailable
    } else {
        Kind::Data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: "connection refused".into(),
        }
    }

    #[test]
    fn what_decides_is_found_however_deep_it_is_wrapped() {
        let gone = object_store::Error::NotFound {
            path: "a.parquet".into(),
            source: "none".into(),
        };
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let parquet = |e: ParquetError| DataFusionError::from(e).context("scanning");
        let in_filter = |e: &DataFusionError| {
            let text = format!("{FILTER}{e:?}");
            parquet(ParquetError::from(ArrowError::ComputeError(text)))
        };
        for (error, kind) in [
            (parquet(ParquetError::from(away())), Some(Kind::Unavailable)),
            (
                parquet(ParquetError::General(format!(
                    "{FOOTER} a.parquet: {}",
                    DataFusionError::from(away())
                ))),
                Some(Kind::Unavailable),
            ),
            (
                DataFusionError::from(ArrowError::from(ParquetError::from(away()))),
                Some(Kind::Unavailable),
            ),
            (
                in_filter(&DataFusionError::ResourcesExhausted("too much".into())),
                Some(Kind::Exhausted),
            ),
            (
                in_filter(&ArrowError::DivideByZero.into()),
                Some(Kind::Invalid),
            ),
            (
                parquet(ParquetError::External(Box::new(EngineError::data("torn")))),
                Some(Kind::Data),
            ),
            (
                DataFusionError::ResourcesExhausted("too much".into()).context("sorting"),
                Some(Kind::Exhausted),
            ),
            (
                parquet(ParquetError::General("no magic number".into())),
                Some(Kind::Data),
            ),
            (DataFusionError::from(gone), Some(Kind::Data)),
            (
                DataFusionError::External(Box::new(regex::Error::Syntax("(".into()))),
                Some(Kind::Invalid),
            ),
            (DataFusionError::from(full), Some(Kind::Exhausted)),
            (
                DataFusionError::IoError(io::Error::other(format!("raise `{SPILL_FULL}`"))),
                Some(Kind::Exhausted),
            ),
            (DataFusionError::Plan("no such column".into()), None),
        ] {
            assert_eq!(kind_of_cause(&error), kind, "{error}");
        }
    }
}
