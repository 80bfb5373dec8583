//! Rows on their way through a pipeline, each with the input row and element that it comes from.

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow::compute::{filter, filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use common::{EngineError, Result, typed};

/// Rows with their origin. These are the hidden columns of a pipeline: no SQL names them.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The columns that SQL names.
    pub(super) batch: RecordBatch,
    /// The row of the micro-batch.
    pub(super) rows: UInt32Array,
    /// The element's index in its record; −1 for the whole record.
    pub(super) elements: Int32Array,
    /// Which rows a WHERE has put aside, while their elements are not known.
    pub(super) filtered: Option<BooleanArray>,
}

/// Where elements come from: the row of the micro-batch and the element's index in it.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The row of the micro-batch.
    pub row: UInt32Array,
    /// The element's index in its record; −1 for the whole record.
    pub element: Int32Array,
}

impl Default for Origins {
    fn default() -> Self {
        Self {
            row: UInt32Array::from(Vec::<u32>::new()),
            element: Int32Array::from(Vec::<i32>::new()),
        }
    }
}

impl Origins {
    /// How many elements.
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// No element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements of all parts, in their order.
    pub(super) fn joined(parts: &[Self]) -> Self {
        if let [one] = parts {
            return one.clone();
        }
        let rows: Vec<&[u32]> = parts.iter().map(|p| &**p.row.values()).collect();
        let elements: Vec<&[i32]> = parts.iter().map(|p| &**p.element.values()).collect();
        Self {
            row: rows.concat().into(),
            element: elements.concat().into(),
        }
    }
}

impl Frame {
    /// A micro-batch's records, whole.
    pub(super) fn of_records(batch: RecordBatch) -> Result<Self> {
        let rows = u32::try_from(batch.num_rows())
            .map_err(|_| EngineError::internal("a micro-batch has more than 2^32 rows"))?;
        Ok(Self {
            rows: UInt32Array::from_iter_values(0..rows),
            elements: Int32Array::from_value(-1, batch.num_rows()),
            batch,
            filtered: None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn origins(&self) -> Origins {
        Origins {
            row: self.rows.clone(),
            element: self.elements.clone(),
        }
    }

    /// The rows of a mask; a null in it means no.
    pub(super) fn keep(&self, mask: &BooleanArray) -> Result<Self> {
        Ok(Self {
            batch: filter_record_batch(&self.batch, mask)?,
            rows: typed(&filter(&self.rows, mask)?)?,
            elements: typed(&filter(&self.elements, mask)?)?,
            filtered: self
                .filtered
                .as_ref()
                .map(|f| typed(&filter(f, mask)?))
                .transpose()?,
        })
    }

    /// Splits off what a WHERE has put aside.
    pub(super) fn split(mut self) -> Result<(Self, Origins)> {
        let Some(filtered) = self.filtered.take() else {
            return Ok((self, Origins::default()));
        };
        if filtered.true_count() == 0 {
            return Ok((self, Origins::default()));
        }
        let aside = Origins {
            row: typed(&filter(&self.rows, &filtered)?)?,
            element: typed(&filter(&self.elements, &filtered)?)?,
        };
        Ok((self.keep(&not(&filtered)?)?, aside))
    }
}

/// A record batch of columns that have the schema's types; it can have rows without columns.
pub(super) fn batch_of(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}
