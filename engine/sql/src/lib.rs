//! SQL is the configuration: the folder of statements, read and checked.
//!
//! A folder becomes a [`Configuration`] in these steps: `folder` lists files, `source_text` reads
//! one and replaces its variables, `statement` parses it, `declared` reads what it declares
//! (`source_def`, `dimension_def`, `stored_table`, `pipeline_def`, `view_def`), and `lookup_names`
//! looks up what one file names of another. Metrics are kept as text and planned by whoever binds
//! them to a schema; [`view_faults`] plans them to find what is wrong with them. Pipelines are planned
//! and run elsewhere.
//!
//! Everything wrong with a folder is told at once, each as a [`Fault`] with its place. Nothing here
//! reads or writes but the files of the folder.

mod built_in_tables;
mod column_type;
mod configuration;
mod configuration_hash;
mod declared;
mod declared_columns;
mod dimension_def;
mod engine_columns;
mod fault;
mod folder;
mod ledger_schema;
mod lookup_names;
mod pipeline_def;
mod planner_message;
mod planning_session;
mod plans_made;
pub mod relations;
mod source_def;
mod source_progress;
mod source_text;
pub mod statement;
mod stored_table;
mod table_options;
mod variables;
mod view_def;
mod view_faults;

#[cfg(test)]
mod tests;

pub use built_in_tables::{ARCHIVE, DEAD_LETTERS, built_in_tables};
pub use column_type::utc_time;
pub use configuration::Configuration;
pub use dimension_def::DimensionDef;
pub use engine_columns::{ENGINE_COLUMNS, table_engine_fields};
pub use fault::{Fault, Place};
pub use ledger_schema::ledger_schema;
pub use pipeline_def::PipelineDef;
pub use planner_message::plain_message;
pub use planning_session::PlanningSession;
pub use plans_made::{note_plan, plans_made};
pub use source_def::SourceDef;
pub use source_progress::{SOURCE_PROGRESS, source_progress_schema};
pub use source_text::SourceText;
pub use view_def::ViewDef;
pub use view_faults::view_faults;
