//! A binary or text column under construction, in one contiguous buffer.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::common::exec_err;
use datafusion::error::Result;

/// Bytes that one column can hold: its offsets are 32 bits wide.
const COLUMN_BYTES_MAX: usize = i32::MAX as usize;

/// Rows are written in place: push to `values`, then `close_row`, or `null_row` to take it back.
///
/// Rows that together don't fit are an error of the whole column, not nulls: what becomes of a row
/// must not depend on its neighbours. Whoever meets the error asks for fewer rows at a time.
pub(crate) struct BinaryColumn {
    pub values: Vec<u8>,
    offsets: Vec<i32>,
    validity: NullBufferBuilder,
    bytes_max: usize,
    overflowed: bool,
}

impl BinaryColumn {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            values: Vec::with_capacity(bytes.min(COLUMN_BYTES_MAX)),
            offsets,
            validity: NullBufferBuilder::new(rows),
            bytes_max: COLUMN_BYTES_MAX,
            overflowed: false,
        }
    }

    /// The same column with a lower limit for all its rows together.
    pub(crate) fn limited(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max.min(COLUMN_BYTES_MAX);
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Where the row under construction begins in `values`.
    #[inline]
    pub(crate) fn row_start(&self) -> usize {
        self.offsets.last().map_or(0, |&offset| offset as usize)
    }

    /// Ends the row. If it doesn't fit into the column any more, finishing will fail.
    #[inline]
    pub(crate) fn close_row(&mut self) {
        if self.values.len() > self.bytes_max {
            self.overflowed = true;
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

    /// Whether finishing will fail, so that nothing more need be written.
    #[inline]
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.validity.truncate(rows);
        self.values.truncate(self.row_start());
    }

    pub(crate) fn finish(self) -> Result<ArrayRef> {
        let (offsets, values, nulls) = self.into_parts()?;
        Ok(Arc::new(BinaryArray::try_new(offsets, values, nulls)?))
    }

    /// Like [`Self::finish`], for rows that are UTF-8.
    pub(crate) fn finish_text(self) -> Result<ArrayRef> {
        let (offsets, values, nulls) = self.into_parts()?;
        Ok(Arc::new(StringArray::try_new(offsets, values, nulls)?))
    }

    fn into_parts(mut self) -> Result<(OffsetBuffer<i32>, Buffer, Option<NullBuffer>)> {
        if self.overflowed {
            return exec_err!(
                "the values of one batch take more than {} bytes in a column: read fewer rows at a time",
                self.bytes_max
            );
        }
        Ok((
            OffsetBuffer::new(ScalarBuffer::from(self.offsets)),
            Buffer::from_vec(self.values),
            self.validity.finish(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    fn small() -> BinaryColumn {
        BinaryColumn::with_capacity(4, 8).limited(8)
    }

    #[test]
    fn rows_that_do_not_fit_together_fail_as_a_whole() {
        let mut column = small();
        column.append(b"12345");
        column.append(b"678");
        assert!(column.finish().is_ok_and(|array| array.null_count() == 0));

        let mut column = small();
        column.append(b"12345");
        column.append(b"6789");
        column.append(b"0");
        assert!(column.overflowed());
        let error = column.finish().map(drop).map_err(|e| e.to_string());
        assert!(
            error.is_err_and(|e| e.contains("more than 8 bytes") && e.contains("fewer rows")),
            "an honest row must not become null"
        );
    }
}
