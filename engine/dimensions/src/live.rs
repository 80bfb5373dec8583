//! The current rows of all dimensions, put by those who follow them and read by pipelines.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::current::{DimensionSnapshot, Dimensions};

/// The current rows of all dimensions. Each is replaced as a whole, so that a reader never sees a
/// part of a change and never waits.
#[derive(Debug, Default)]
pub struct LiveDimensions {
    current: BTreeMap<Arc<str>, ArcSwap<DimensionSnapshot>>,
}

impl LiveDimensions {
    /// All dimensions, with the rows that each has at first.
    pub fn new(rows: impl IntoIterator<Item = (Arc<str>, DimensionSnapshot)>) -> Self {
        Self {
            current: rows
                .into_iter()
                .map(|(name, rows)| (name, ArcSwap::from_pointee(rows)))
                .collect(),
        }
    }

    /// Puts a dimension's rows in the place of those before; a name that is not among those of the
    /// beginning changes nothing.
    pub fn put(&self, name: &str, rows: DimensionSnapshot) {
        if let Some(current) = self.current.get(name) {
            current.store(Arc::new(rows));
        }
    }
}

impl Dimensions for LiveDimensions {
    fn current(&self, name: &str) -> Option<DimensionSnapshot> {
        self.current.get(name).map(|rows| (**rows.load()).clone())
    }
}
