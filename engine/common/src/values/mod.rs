//! Plain values that every part of the engine speaks in: positions, offsets, tables, files.

mod data_file;
mod keyed_record;
mod last_entries;
mod offsets;
mod position;
mod table_def;

pub use data_file::{ColumnRange, DataFile};
pub use keyed_record::KeyedRecord;
pub use last_entries::LastEntries;
pub use offsets::{ARCHIVE_PIPELINE, OffsetKey, Offsets};
pub use position::{Position, TopicPartition, position_fields, position_type};
pub use table_def::{LedgerDef, OrderTerm, RESERVED_FOLDERS, TableDef, TableKind};
