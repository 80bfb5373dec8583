//! The lake: Delta tables in an object store, and the one sequence of commit groups that changes
//! them.
//!
//! Record batches of a table become Parquet files ([`parquet_files`]), which a commit group adds
//! ([`commit`]) to the tables' logs ([`delta`]), all of it put below one root ([`storage`]). Nothing
//! here plans a query, reads a topic, or knows what the rows mean.

pub mod commit;
pub mod delta;
pub mod parquet_files;
pub mod storage;
