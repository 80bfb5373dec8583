//! Vectorized SQL functions that decrypt, parse and clean device logs.
//!
//! A record of the mobile SDK passes them in this order: [`keys`] names the key, [`bytes`] undoes
//! base64, [`crypto`] decrypts, [`bytes`] inflates, [`json`] turns the text into columns, [`list`]
//! numbers the events of a record, [`device`] cleans the device id and [`time`] settles when an
//! event happened. Each family has `functions()`; [`register_all`] registers them together.
//!
//! Every function works on whole columns, takes scalars as well as arrays, and is total: a value
//! that it cannot handle becomes null in its row. The one exception is `aes_decrypt`, which raises
//! as in Spark and is therefore in [`REFUSED_IN_PIPELINES`]. Rows that are too large *together* for
//! a column or for memory are an error of the batch, never nulls: what becomes of a row must not
//! depend on its neighbours, and whoever runs the batch can take fewer rows. What is wrong with a call itself (a
//! type, a schema that doesn't parse) is an error when the call is planned.
//!
//! The crate knows Arrow and expressions. It does no I/O, reads no clock, and never puts a key or
//! a plaintext into a message.

pub mod bytes;
pub mod crypto;
pub mod device;
pub mod json;
pub mod keys;
pub mod list;
pub mod time;

mod arguments;
mod binary_column;
mod documentation;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod pipeline_tests;
mod registry;
#[cfg(test)]
mod testing;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod timing;

pub use documentation::reference;
pub use registry::{REFUSED_IN_PIPELINES, all_functions, register_all};
