//! Whether an error comes from the store or the disk, however deep it is wrapped.

use std::error::Error;
use std::io;

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use crate::error::Kind;

/// How a reader of files begins what the store told it.
const EXTERNAL: &str = "External: ";
/// DataFusion's reader keeps only the text of what went wrong when it fetched a file's footer.
const FOOTER: &str = "Failed to fetch metadata for file";
const STORE: &str = "Object Store error";
/// The reader evaluates a query's filters, too, and those may ask for more than there is.
const EXHAUSTED: &str = "ResourcesExhausted(";

/// The kind of the fault of a store or a disk that an error tells of; none if it tells of neither.
/// A file that isn't there or isn't what it must be is of [`Kind::Data`], a full disk is of
/// [`Kind::Exhausted`], and whatever else a store or a disk answers passes: [`Kind::Unavailable`].
pub fn kind_of_fault(error: &(dyn Error + 'static)) -> Option<Kind> {
    let mut cause = Some(error);
    let mut file = None;
    while let Some(e) = cause {
        if let Some(e) = e.downcast_ref::<object_store::Error>() {
            return Some(match e {
                object_store::Error::NotFound { .. } => Kind::Data,
                _ => Kind::Unavailable,
            });
        }
        if let Some(e) = e.downcast_ref::<io::Error>() {
            return Some(match e.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::Exhausted,
                _ => Kind::Unavailable,
            });
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

/// The kind of what a reader of files tells, where only its text is left.
fn kind_of_file(message: &str) -> Kind {
    if message.contains(EXHAUSTED) {
        Kind::Exhausted
    } else if message.starts_with(EXTERNAL) || (message.contains(FOOTER) && message.contains(STORE))
    {
        Kind::Unavailable
    } else {
        Kind::Data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::error::DataFusionError;

    fn away() -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: "connection refused".into(),
        }
    }

    #[test]
    fn an_outage_is_found_behind_a_file_that_could_not_be_read() {
        let gone = object_store::Error::NotFound {
            path: "a.parquet".into(),
            source: "none".into(),
        };
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let parquet = |e: ParquetError| DataFusionError::from(e).context("scanning");
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
                parquet(ParquetError::External(
                    format!("{EXHAUSTED}\"lpad() would make too much\")").into(),
                )),
                Some(Kind::Exhausted),
            ),
            (
                parquet(ParquetError::General("no magic number".into())),
                Some(Kind::Data),
            ),
            (DataFusionError::from(gone), Some(Kind::Data)),
            (DataFusionError::from(full), Some(Kind::Exhausted)),
            (DataFusionError::Plan("no such column".into()), None),
        ] {
            assert_eq!(kind_of_fault(&error), kind, "{error}");
        }
    }
}
