//! What was sent and is kept, to be sent again or moved.

use std::collections::VecDeque;

use super::draft::Draft;
use super::population::Handset;

/// How many sent elements and records are kept for duplicates.
const KEPT: usize = 64;

/// An event that may be sent again.
pub(super) struct SentElement {
    pub(super) json: String,
    pub(super) draft: Draft,
}

/// A record that may be sent again.
pub(super) struct SentRecord {
    pub(super) value: Vec<u8>,
    pub(super) drafts: Vec<Draft>,
    pub(super) received_ms: i64,
}

/// A first event whose credit will be moved.
pub(super) struct FirstEvent {
    pub(super) handset: Handset,
    pub(super) received_ms: i64,
    pub(super) partition: i32,
    pub(super) records_made: u64,
}

/// Keeps what was sent in the place of what was sent long ago.
pub(super) fn keep<T>(ring: &mut VecDeque<T>, item: T) {
    if ring.len() == KEPT {
        ring.pop_front();
    }
    ring.push_back(item);
}
