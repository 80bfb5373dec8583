//! Settings: the values that a person tunes, each with a documented default.
//!
//! A setting is declared where it is read: name, kind, limits, default and documentation stand beside
//! the field that it fills, in [`storage`], [`flight`], [`ingest`] and, with what the engine takes,
//! [`sections`]. Declaring and reading are one call of the [`reader`], so that a name cannot be read
//! that isn't declared; it takes the values out of what is [`given`] by the [`layers`] (the
//! configuration [`file`], the environment, flags) and collects all faults. [`docs`] writes down each
//! declared [`setting`].

pub mod docs;
mod file;
mod flight;
mod given;
mod ingest;
mod layers;
mod reader;
mod sections;
mod setting;
mod storage;

pub use flight::FlightSettings;
pub use ingest::IngestSettings;
pub use layers::Layers;
pub use sections::{MaintenanceSettings, QuerySettings, Settings, SqlSettings, read};
pub use storage::StorageSettings;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
