//! How far each ledger has been written.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The last entry's number of each ledger, by its table's name. Numbers are dense within a ledger,
/// from 1; a ledger that isn't there has no entry.
pub type LastEntries = BTreeMap<Arc<str>, i64>;
