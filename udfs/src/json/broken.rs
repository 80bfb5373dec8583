//! What a reader of JSON says of a text that it cannot read.

/// The text is not JSON, nested deeper than [`DEPTH_MAX`](super::reader::DEPTH_MAX), or has an array
/// of more than [`ITEMS_MAX`](super::reader::ITEMS_MAX) items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;
