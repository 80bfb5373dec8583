//! A binary or text column under construction, in one contiguous buffer.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::error::Result;

/// Bytes that one column can hold: its offsets are 32 bits wide.
const COLUMN_BYTES_MAX: usize = i32::MAX as usize;

/// Rows are written in place: push to `values`, then `close_row`, or `null_row` to take it back.
pub(crate) struct BinaryColumn {
    pub values: Vec<u8>,
    offsets: Vec<i32>,
    validity: NullBufferBuilder,
}

impl BinaryColumn {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            values: Vec::with_capacity(bytes),
            offsets,
            validity: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Where the row under construction begins in `values`.
    #[inline]
    pub(crate) fn row_start(&self) -> usize {
        self.offsets.last().map_or(0, |&offset| offset as usize)
    }

    /// Ends the row. One that doesn't fit into the column any more is null.
    #[inline]
    pub(crate) fn close_row(&mut self) {
        if self.values.len() > COLUMN_BYTES_MAX {
            return self.null_row();
        }
        self.offsets.push(self.values.len() as i32);
        self.validity.append_non_null();
    }

    /// Takes back what was written since the last row, and ends the row as null.
    #[inline]
    pub(crate) fn null_row(&mut self) {
        let start = self.row_start();
        self.values.truncate(start);
        self.offsets.push(start as i32);
        self.validity.append_null();
    }

    #[inline]
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.values.extend_from_slice(bytes);
        self.close_row();
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.validity.truncate(rows);
        self.values.truncate(self.row_start());
    }

    pub(crate) fn finish(self) -> Result<ArrayRef> {
        let (offsets, values, nulls) = self.into_parts();
        Ok(Arc::new(BinaryArray::try_new(offsets, values, nulls)?))
    }

    /// Like [`Self::finish`], for rows that are UTF-8.
    pub(crate) fn finish_text(self) -> Result<ArrayRef> {
        let (offsets, values, nulls) = self.into_parts();
        Ok(Arc::new(StringArray::try_new(offsets, values, nulls)?))
    }

    fn into_parts(mut self) -> (OffsetBuffer<i32>, Buffer, Option<arrow::buffer::NullBuffer>) {
        (
            OffsetBuffer::new(ScalarBuffer::from(self.offsets)),
            Buffer::from_vec(self.values),
            self.validity.finish(),
        )
    }
}
