//! Object storage: the one root below which everything durable lies.
//!
//! [`Storage`] holds an object store rooted at the configured URL. What it promises beyond
//! `object_store`:
//!
//! - a put has reached the disk when it returns: the file, its folder, and the folders above
//!   it ([`DurableLocal`]; `object_store`'s own local store never syncs);
//! - a file that can be seen is whole: it is written and synced under another name first;
//! - while a local root is not in its place (moved, not mounted) every call says so, rather than
//!   that files are missing, or writing them where the root was;
//! - a put if absent that finds the name taken has synced what it found, so that a writer whose
//!   earlier answer got lost can rely on it.
//!
//! Faults are injected here and nowhere else ([`FaultPlan`]).

mod durable;
mod durable_upload;
mod faults;
mod faulty;
mod local_io;
mod ready;
mod retry;
mod root;
mod root_folder;
mod s3_environment;
mod staging;
mod synced_folders;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use durable::DurableLocal;
pub use faults::{FaultAction, FaultPlan, FaultPoint};
pub use faulty::Faulty;
pub use retry::Backoff;
pub use root::Storage;
pub use s3_environment::with_s3_environment;
