//! What a pipeline made of a micro-batch: accepted rows, dead letters, and what was put aside.

use arrow::array::{Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use common::Result;

use super::frame::Origins;
use super::isolation::Run;

/// The reason of a dead letter that an expression raises on.
const CANNOT_EVALUATE: &str = "cannot evaluate";

/// What a micro-batch became. Every element of `produced` is in exactly one of the accepted rows,
/// `rejects` and `filtered`; each is counted where it arises, none from the others.
#[derive(Debug, Clone)]
pub struct PipelineOutput {
    /// The accepted rows: the sink's declared columns in its order.
    pub rows: RecordBatch,
    /// The row of the micro-batch that each accepted row comes from.
    pub row: UInt32Array,
    /// The index of each accepted row's element in its record; −1 where a record is one row.
    pub element: Int32Array,
    /// What becomes a dead letter.
    pub rejects: Rejects,
    /// What a WHERE has put aside.
    pub filtered: Origins,
    /// The row of the micro-batch of every element, as they arose.
    pub produced: UInt32Array,
}

/// Elements that become dead letters; those of one record follow each other.
#[derive(Debug, Clone)]
pub struct Rejects {
    /// The row of the micro-batch.
    pub row: UInt32Array,
    /// The element's index; −1 for the whole record.
    pub element: Int32Array,
    /// Why.
    pub reason: StringArray,
}

impl PipelineOutput {
    /// Nothing at all.
    pub(super) fn empty(schema: SchemaRef) -> Self {
        let none = Origins::default();
        Self {
            rows: RecordBatch::new_empty(schema),
            row: none.row.clone(),
            element: none.element.clone(),
            rejects: Rejects {
                row: none.row.clone(),
                element: none.element.clone(),
                reason: StringArray::from(Vec::<&str>::new()),
            },
            produced: none.row.clone(),
            filtered: none,
        }
    }

    /// What became of one record that can't be evaluated.
    fn of_failed(schema: SchemaRef) -> Self {
        Self {
            rejects: Rejects {
                row: UInt32Array::from(vec![0]),
                element: Int32Array::from(vec![-1]),
                reason: StringArray::from(vec![CANNOT_EVALUATE]),
            },
            produced: UInt32Array::from(vec![0]),
            ..Self::empty(schema)
        }
    }

    /// What became of a micro-batch that was run in parts.
    pub(super) fn joined(schema: &SchemaRef, runs: Vec<Run<Self>>) -> Result<Self> {
        let mut parts: Vec<(u32, Self)> = runs
            .into_iter()
            .map(|run| {
                let failed = || Self::of_failed(schema.clone());
                (run.start, run.outcome.unwrap_or_else(failed))
            })
            .collect();
        if parts.len() == 1 {
            return Ok(parts.swap_remove(0).1);
        }
        let rows = |of: fn(&Self) -> &UInt32Array| {
            let moved = parts.iter().flat_map(|(start, part)| {
                let rows = of(part).values().iter();
                rows.map(move |row| start + row)
            });
            UInt32Array::from_iter_values(moved)
        };
        let elements = |of: fn(&Self) -> &Int32Array| {
            let elements = parts.iter().flat_map(|(_, part)| of(part).values());
            Int32Array::from_iter_values(elements.copied())
        };
        Ok(Self {
            rows: concat_batches(schema, parts.iter().map(|(_, part)| &part.rows))?,
            row: rows(|part| &part.row),
            element: elements(|part| &part.element),
            rejects: Rejects {
                row: rows(|part| &part.rejects.row),
                element: elements(|part| &part.rejects.element),
                reason: parts.iter().flat_map(|(_, p)| &p.rejects.reason).collect(),
            },
            filtered: Origins {
                row: rows(|part| &part.filtered.row),
                element: elements(|part| &part.filtered.element),
            },
            produced: rows(|part| &part.produced),
        })
    }
}
