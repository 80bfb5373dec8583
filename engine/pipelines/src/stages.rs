//! A row-local query as stages that are made once and run on every micro-batch.
//!
//! Stages are plain columns in, columns out: no state is kept between runs but the hashed
//! dimensions, so a run leaves nothing behind that could grow.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::{or, prep_null_mask_filter};
use arrow::datatypes::SchemaRef;
use common::{EngineError, Result, typed};
use datafusion::physical_expr::PhysicalExpr;
use dimensions::Dimensions;

use super::evaluate::evaluate;
use super::frame::{Frame, Origins, batch_of};
use super::lookup::Lookup;
use super::unnesting::Unnesting;

/// One step of a query.
#[derive(Debug)]
pub(super) enum Stage {
    /// New columns from old ones.
    Project {
        /// One expression a column.
        columns: Vec<Arc<dyn PhysicalExpr>>,
        /// What comes out.
        schema: SchemaRef,
    },
    /// A WHERE: puts rows aside where the predicate is false or null.
    Filter(Arc<dyn PhysicalExpr>),
    /// `unnest_outer(elements(…))`.
    Unnest(Unnesting),
    /// `LEFT JOIN dimension ON key = …`.
    Lookup(Box<Lookup>),
}

/// A whole query.
#[derive(Debug)]
pub(super) struct Stages {
    /// The columns of the input that the query needs.
    pub(super) input: SchemaRef,
    /// The steps, the first first.
    pub(super) stages: Vec<Stage>,
}

/// What came of a micro-batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The rows at the sink.
    pub(super) frames: Vec<Frame>,
    /// All elements, as they arose: behind the unnest, or, without one, the records.
    pub(super) produced: Vec<Origins>,
    /// The elements that a WHERE has put aside.
    pub(super) filtered: Vec<Origins>,
}

impl Stages {
    /// Runs a micro-batch. Columns are found by name; the query's other columns may be missing.
    pub(super) fn run(&self, input: &RecordBatch, dimensions: &dyn Dimensions) -> Result<Outcome> {
        let fields = self.input.fields().iter();
        let columns = fields
            .map(|field| {
                let name = field.name();
                input.column_by_name(name).cloned().ok_or_else(|| {
                    EngineError::internal(format!("a micro-batch has no column {name}"))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let frame = Frame::of_records(batch_of(&self.input, columns, input.num_rows())?)?;
        let mut outcome = Outcome::default();
        if !self.stages.iter().any(|s| matches!(s, Stage::Unnest(_))) {
            outcome.produced.push(frame.origins());
        }
        if frame.len() > 0 {
            run(&self.stages, frame, dimensions, &mut outcome)?;
        }
        Ok(outcome)
    }
}

fn run(
    stages: &[Stage],
    mut frame: Frame,
    dimensions: &dyn Dimensions,
    outcome: &mut Outcome,
) -> Result<()> {
    for (at, stage) in stages.iter().enumerate() {
        match stage {
            Stage::Project { columns, schema } => {
                let columns = columns
                    .iter()
                    .map(|c| evaluate(c, &frame))
                    .collect::<Result<Vec<_>>>()?;
                frame.batch = batch_of(schema, columns, frame.len())?;
            }
            Stage::Filter(predicate) => {
                let aside = aside(&frame, predicate)?;
                frame.filtered = Some(match frame.filtered.take() {
                    Some(before) => or(&before, &aside)?,
                    None => aside,
                });
                let unnests_later = stages[at..].iter().any(|s| matches!(s, Stage::Unnest(_)));
                if !unnests_later {
                    frame = put_aside(frame, outcome)?;
                }
            }
            Stage::Unnest(unnesting) => {
                for part in unnesting.run(&frame)? {
                    outcome.produced.push(part.origins());
                    let part = put_aside(part, outcome)?;
                    run(&stages[at + 1..], part, dimensions, outcome)?;
                }
                return Ok(());
            }
            Stage::Lookup(lookup) => frame = lookup.run(frame, dimensions)?,
        }
        if frame.len() == 0 {
            return Ok(());
        }
    }
    outcome.frames.push(frame);
    Ok(())
}

/// Rows of which the predicate is not true.
fn aside(frame: &Frame, predicate: &Arc<dyn PhysicalExpr>) -> Result<BooleanArray> {
    let truth = evaluate(predicate, frame)?;
    let truth: BooleanArray = typed(&truth)?;
    let truth = if truth.nulls().is_some() {
        prep_null_mask_filter(&truth)
    } else {
        truth
    };
    Ok(arrow::compute::not(&truth)?)
}

fn put_aside(frame: Frame, outcome: &mut Outcome) -> Result<Frame> {
    let (frame, aside) = frame.split()?;
    if !aside.is_empty() {
        outcome.filtered.push(aside);
    }
    Ok(frame)
}
