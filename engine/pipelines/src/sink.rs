//! The end of a pipeline: each element becomes a row or a dead letter.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::{cast, concat, concat_batches};
use arrow::datatypes::{DataType, SchemaRef};
use common::{Result, typed};

use super::frame::{Frame, Origins};
use super::output::{PipelineOutput, Rejects};
use super::required::{Required, without_empty};
use super::stages::Outcome;

/// What a pipeline's rows must be.
#[derive(Debug)]
pub(super) struct Sink {
    /// The declared columns.
    pub(super) schema: SchemaRef,
    /// Those that need a value.
    pub(super) required: Vec<Required>,
    /// Those in which an empty text is null.
    pub(super) null_if_empty: Vec<usize>,
    /// A column `reject` stands behind them.
    pub(super) has_reject: bool,
}

impl Sink {
    /// Sorts rows into accepted ones and dead letters.
    pub(super) fn take(&self, outcome: Outcome) -> Result<PipelineOutput> {
        let mut batches = Vec::with_capacity(outcome.frames.len());
        let mut accepted = Vec::with_capacity(outcome.frames.len());
        let mut rejected = Vec::new();
        let mut reasons: Vec<StringArray> = Vec::new();
        for frame in outcome.frames {
            let reason = self.reasons(&frame)?;
            let Some(reason) = reason.filter(|r| r.null_count() < r.len()) else {
                accepted.push(frame.origins());
                batches.push(self.batch(&frame)?);
                continue;
            };
            let bad = BooleanArray::new(
                reason.nulls().map_or_else(
                    || arrow::buffer::BooleanBuffer::new_set(reason.len()),
                    |n| n.inner().clone(),
                ),
                None,
            );
            let letters = frame.keep(&bad)?;
            rejected.push(letters.origins());
            reasons.push(typed(&arrow::compute::filter(&reason, &bad)?)?);
            let good = frame.keep(&arrow::compute::not(&bad)?)?;
            if good.len() > 0 {
                accepted.push(good.origins());
                batches.push(self.batch(&good)?);
            }
        }
        let accepted = Origins::joined(&accepted);
        let rejected = Origins::joined(&rejected);
        let reason = match reasons.as_slice() {
            [] => StringArray::from(Vec::<&str>::new()),
            [one] => one.clone(),
            many => {
                let parts: Vec<&dyn Array> = many.iter().map(|r| r as &dyn Array).collect();
                typed(&concat(&parts)?)?
            }
        };
        Ok(PipelineOutput {
            rows: match batches.as_slice() {
                [one] => one.clone(),
                many => concat_batches(&self.schema, many)?,
            },
            row: accepted.row,
            element: accepted.element,
            rejects: Rejects {
                row: rejected.row,
                element: rejected.element,
                reason,
            },
            filtered: Origins::joined(&outcome.filtered),
            produced: Origins::joined(&outcome.produced).row,
        })
    }

    /// The declared columns of a frame.
    fn batch(&self, frame: &Frame) -> Result<RecordBatch> {
        let declared = self.schema.fields().len();
        let columns = frame.batch.columns()[..declared].to_vec();
        let columns = without_empty(columns, &self.null_if_empty);
        super::frame::batch_of(&self.schema, columns, frame.len())
    }

    /// Why each row is a dead letter, null where it isn't: what the query says first, then the
    /// first column that needs a value and has none. None where all is well.
    fn reasons(&self, frame: &Frame) -> Result<Option<StringArray>> {
        let said = if self.has_reject {
            let said: &ArrayRef = frame.batch.column(self.schema.fields().len());
            Some(cast(said, &DataType::Utf8)?)
        } else {
            None
        };
        let said = said.as_ref().map(|s| s.as_string::<i32>());
        let lacking: Vec<(&Required, BooleanArray)> = self
            .required
            .iter()
            .filter_map(|required| Some((required, required.lacking(&frame.batch)?)))
            .collect();
        if lacking.is_empty() {
            return Ok(said.cloned());
        }
        let mut reasons = StringBuilder::new();
        for row in 0..frame.len() {
            let lacks = || lacking.iter().find(|(_, rows)| rows.value(row));
            match said.filter(|s| s.is_valid(row)) {
                Some(said) => reasons.append_value(said.value(row)),
                None => reasons.append_option(lacks().map(|(r, _)| r.reason(&frame.batch, row))),
            }
        }
        Ok(Some(reasons.finish()))
    }
}

/// The declared columns as a schema.
pub(super) fn schema_of(fields: Vec<arrow::datatypes::Field>) -> SchemaRef {
    Arc::new(arrow::datatypes::Schema::new(fields))
}
