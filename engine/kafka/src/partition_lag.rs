//! How far a reader is behind in one partition.

/// How far a reader is behind in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionLag {
    /// The partition's number.
    pub partition: i32,
    /// The next offset to read.
    pub next_offset: i64,
    /// The offset after the newest record, as the last fetch told it. It counts records of
    /// transactions that are still open.
    pub high_watermark: i64,
    /// The offset that must be reached before the reader counts as caught up.
    pub end_at_start: i64,
}

impl PartitionLag {
    /// Offsets that are not read yet.
    pub fn lag(&self) -> i64 {
        (self.high_watermark - self.next_offset).max(0)
    }
}
