//! Records without a time: dead letters before any pipeline sees them.

use arrow::array::{Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::UInt32Type;
use common::{Result, typed};
use pipelines::PipelineOutput;

use super::row_origin::repeated;

/// The reason of such a dead letter.
pub const NO_TIMESTAMP: &str = "no timestamp";

/// The records of a micro-batch that have a time, and those that have none.
///
/// A record without a Kafka timestamp is received at the beginning of 1970. As an event it would
/// come before every other and take the credit of any device.
#[derive(Debug)]
pub(super) struct Untimed {
    timed: UInt32Array,
    untimed: UInt32Array,
}

impl Untimed {
    /// None where all records have a time, as nearly always.
    pub(super) fn among(received: &TimestampMicrosecondArray) -> Option<Self> {
        let is_timed = |row: u32| received.value(row as usize) > 0;
        let rows = u32::try_from(received.len()).unwrap_or(u32::MAX);
        if (0..rows).all(is_timed) {
            return None;
        }
        let (timed, untimed): (Vec<u32>, Vec<u32>) = (0..rows).partition(|row| is_timed(*row));
        Some(Self {
            timed: timed.into(),
            untimed: untimed.into(),
        })
    }

    /// The records that pipelines may see.
    pub(super) fn timed(&self, records: &RecordBatch) -> Result<RecordBatch> {
        Ok(take_record_batch(records, &self.timed)?)
    }

    /// What a pipeline made of the timed records, as if it had seen all and rejected the others
    /// whole.
    pub(super) fn with_rejects(&self, mut output: PipelineOutput) -> Result<PipelineOutput> {
        let original =
            |rows: &UInt32Array| rows.unary::<_, UInt32Type>(|row| self.timed.value(row as usize));
        let joined = |rows: &UInt32Array| -> Result<UInt32Array> {
            typed(&concat(&[&original(rows), &self.untimed])?)
        };
        let count = self.untimed.len();
        output.row = original(&output.row);
        output.filtered.row = original(&output.filtered.row);
        output.produced = joined(&output.produced)?;
        let rejects = &mut output.rejects;
        rejects.row = joined(&rejects.row)?;
        let whole = Int32Array::from_value(-1, count);
        rejects.element = typed(&concat(&[&rejects.element, &whole])?)?;
        let reason: StringArray = repeated(NO_TIMESTAMP, count)?;
        rejects.reason = typed(&concat(&[&rejects.reason, &reason])?)?;
        Ok(output)
    }
}
