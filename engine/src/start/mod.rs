//! What a start does, in order: [`storage`] takes the storage's epoch, [`published`] makes the state
//! that it holds, [`ledgers`] opens the indexes, [`commit_thread`] begins to commit, and [`sources`]
//! opens what is read, where [`offsets_at_start`] says, and starts it; [`watch`] notices what ends.
//! [`runtimes`] has the threads of async work.

mod commit_thread;
mod ledgers;
mod offsets_at_start;
mod published;
mod runtimes;
mod sources;
mod storage;
mod watch;

pub use commit_thread::commit_thread;
pub use ledgers::{LedgersConfig, open_ledgers};
pub use published::published_at_start;
pub use runtimes::Runtimes;
pub use sources::Sources;
pub use storage::{TakenStorage, take_storage};
