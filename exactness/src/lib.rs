//! Headwater's numbers beside the generator's books.
//!
//! [`Numbers`] are read in SQL, as any client would read them, all of one published state, with the
//! positions that this state has read. [`compare`] folds the books up to the same positions and
//! finds every difference; [`name_devices`] names the devices behind them. [`Reading`] tells how
//! much of a topic a state has read at all: a comparison of the part that was read says nothing
//! about the rest.
//!
//! The demo and the benches both judge by this crate. It alone knows the engine and the generator;
//! these two don't know each other.

mod numbers;
mod reading;
mod verdict;

pub use numbers::{Credit, Numbers, credits};
pub use reading::Reading;
pub use verdict::{Verdict, compare, name_devices};
