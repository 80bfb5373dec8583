//! What every part of the engine speaks in: errors, positions, offsets, table definitions, the
//! columns of a record. Plain values and pure functions flow up from here; nothing here reads a
//! file, a topic or a table.

pub mod clock;
pub mod error;
pub mod host_port;
pub mod near_name;
pub mod partition_value;
mod source_record;
mod typed_array;
mod values;

pub use error::{EngineError, Kind, Result};
pub use source_record::{header_fields, headers_type, source_schema};
pub use typed_array::{column, typed};
pub use values::*;
