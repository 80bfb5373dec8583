//! The count of pipelines' plans, which stands still while micro-batches flow.

use std::sync::atomic::{AtomicU64, Ordering};

static PLANS_MADE: AtomicU64 = AtomicU64::new(0);

/// Counts a plan of a pipeline.
pub fn note_plan() {
    PLANS_MADE.fetch_add(1, Ordering::Relaxed);
}

/// How many pipeline plans this process has made.
pub fn plans_made() -> u64 {
    PLANS_MADE.load(Ordering::Relaxed)
}
