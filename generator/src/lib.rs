//! Encrypted device logs with independent books, and an embedded broker.

pub mod books;
pub mod catalog;
pub mod clock;
pub mod defect;
pub mod device;
pub mod error;
pub mod fact;
pub mod keys;
pub mod profile;
pub mod tie;
pub mod workload;
