//! Parquet files: rows of a table, split by partition and put into storage, and read back.
//!
//! [`write`] takes record batches of a table's full schema and gives back the files that a
//! commit adds. The way: `split` tells which rows go to which file, `encode` makes a file's
//! bytes (`chunks`) and statistics (`ranges`) of the rows that `gather` brings together, `naming`
//! its path. Rows keep the order in which they arrived: files
//! that are sorted are compaction's. [`read_rows`] reads chosen rows of a file back, without a plan.

mod chunks;
mod encode;
mod gather;
mod naming;
mod ranges;
mod read;
mod split;
mod write;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use naming::{FileName, FileNaming};
pub use read::{read_error, read_rows};
pub use write::{WriteLimits, write, write_with};
