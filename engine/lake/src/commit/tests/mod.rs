//! The commit protocol against crashes, lost answers, other writers and foreign commits.

mod crashes;
mod fixture;
mod lost_answers;
mod maintenance;
mod other_writers;
mod sim_store;
