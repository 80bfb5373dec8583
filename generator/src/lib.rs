//! Encrypted device logs with independent books, and an embedded broker.
//!
//! ```text
//!  Profile, seed ─► Workload ─► Source ─► producer thread ─► Kafka (or the embedded Broker)
//!                   records     order,        │ delivery reports: partition, offset
//!                   with facts  clock         ▼
//!                                           Books ◄─ advance(cut) ─ whoever read so far
//!                                             │
//!                                             └► facts-<run>.csv, runs.json
//! ```
//!
//! The crate knows neither the engine nor its functions: it has its own [`clock`] rule, canonical
//! [`device`] ids and [`tie`](mod@tie), written from the domain's definitions, so that its
//! [`books`] can judge the engine.
//!
//! A run: [`Keys`] and [`Options`] go into [`Generation::start`], which waits for the broker, makes
//! the topics, publishes the products and starts a thread. [`Generation::books`] are folded with
//! [`advance`](books::Books::advance) at the cut that a reader has reached, as soon as that returns
//! a complete [`Coverage`](books::Coverage), and compared with
//! [`compare`](books::Books::compare) by product, channel and hour or with
//! [`compare_devices`](books::Books::compare_devices) device by device.
//! [`Generation::finish`] waits for the end; its [`Report`] counts each kind of [`defect`].
//!
//! Benches take a [`Workload`](workload::Workload) alone: `next(now_ms, usize::MAX)` gives a record
//! with its facts.
//!
//! Modules in reading order: `profile` and `options` say what is wanted; [`catalog`] has products
//! and channels, `keys` the key file; [`fact`] is what must come out, [`defect`] what is wrong on
//! purpose; [`workload`] makes records, `source` orders them in time; `kafka` sends them, [`books`]
//! keeps their facts, `run` puts all of it together. The format of the books on disk is described in
//! `docs/books.md`.

pub mod books;
pub mod catalog;
pub mod clock;
pub mod defect;
pub mod device;
mod error;
pub mod fact;
mod kafka;
mod keys;
mod options;
mod profile;
mod run;
mod source;
pub mod tie;
pub mod workload;

pub use error::{Error, Result};
pub use kafka::{Broker, wait_for_broker};
pub use keys::{Key, Keys};
pub use options::{EMBEDDED_UNREAD_BYTES_MAX, Length, Options, Trace};
pub use profile::Profile;
pub use run::{Generation, Progress, Report};
pub use source::Source;
