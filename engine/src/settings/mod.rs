//! Settings: the values that a person tunes, each with a documented default.
//!
//! [`table`] lists them all; [`load`] merges the configuration file, the environment and flags;
//! [`file`] reads the first of these; [`typed`] is what the rest of the engine takes; [`check`] finds
//! what is wrong with the values, so that all faults come at once.

mod check;
pub mod docs;
mod file;
mod load;
mod table;
mod typed;

pub use check::read;
pub use load::{Layers, Loaded, load};
pub use table::{SETTINGS, Setting, SettingKind};
pub use typed::{
    FlightSettings, IngestSettings, MaintenanceSettings, QuerySettings, Settings, SqlSettings,
    StorageSettings,
};
