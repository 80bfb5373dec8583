//! What one drawing shows: Headwater's numbers of one state, and the books cut at its positions.

use exactness::{Numbers, Verdict};
use generator::Progress;
use generator::books::{NewUsers, Totals};

use super::freshness::FreshnessMs;

/// What one drawing shows.
#[derive(Debug)]
pub struct Frame {
    /// How far the generator has come.
    pub sent: Progress,
    /// Freshness since the last drawing.
    pub freshness: Option<FreshnessMs>,
    /// What the source is doing.
    pub source: String,
    /// The latest commit group.
    pub group: i64,
    /// The instant of the drawing, in microseconds since the epoch.
    pub now_us: i64,
    /// Headwater's numbers.
    pub numbers: Numbers,
    /// The books' new users at the same positions.
    pub books: NewUsers,
    /// The books' counts at the same positions.
    pub totals: Totals,
    /// Whether the two agree.
    pub verdict: Verdict,
}

impl Frame {
    /// Mean bytes of a record.
    pub fn bytes_per_record(&self) -> f64 {
        match self.sent.records {
            0 => 0.0,
            records => self.sent.bytes as f64 / records as f64,
        }
    }
}
