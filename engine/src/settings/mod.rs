//! Settings: the values that a person tunes, each with a documented default.
//!
//! [`table`] lists them all; [`load`] merges the configuration file, the environment and flags and
//! finds all faults at once; [`typed`] is what the rest of the engine takes.

pub mod docs;
mod load;
mod table;
mod typed;

pub use load::{Layers, Loaded, load};
pub use table::{SETTINGS, Setting, SettingKind};
pub use typed::{
    FlightSettings, IngestSettings, MaintenanceSettings, QuerySettings, Settings, SqlSettings,
    StorageSettings,
};
