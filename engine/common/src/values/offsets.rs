//! How far each pipeline has read each topic partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::TopicPartition;

/// The name under which the archive of a source counts as a pipeline of its own. It moves with every
/// range that is read of a topic, so it is what the topic is read on from.
pub const ARCHIVE_PIPELINE: &str = "archive";

/// One pipeline on one topic partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetKey {
    /// The pipeline's name: its file's stem in the SQL folder, or [`ARCHIVE_PIPELINE`].
    pub pipeline: Arc<str>,
    /// The topic partition.
    pub at: TopicPartition,
}

/// Next offsets: always the offset to read next, as the consumer says it (never last + 1, since
/// transactions leave gaps).
pub type Offsets = BTreeMap<OffsetKey, i64>;
