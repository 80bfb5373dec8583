//! Columns of values that have no others in them: text, booleans, numbers.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, NullBufferBuilder,
    PrimitiveArray,
};
use arrow::buffer::ScalarBuffer;
use datafusion::error::Result;

use super::broken::Broken;
use super::escape::unescape;
use super::number::Number;
use super::reader::Reader;
use crate::binary_column::BinaryColumn;

/// Text takes every value: a string without its quotes, anything else as it stands, as in Spark.
#[inline]
pub(crate) fn read_text(column: &mut BinaryColumn, reader: &mut Reader) -> Result<(), Broken> {
    match reader.peek()? {
        b'"' => {
            let string = reader.string()?;
            if !string.escaped {
                column.append(string.raw);
            } else if unescape(string.raw, &mut column.values).is_ok() {
                column.close_row();
            } else {
                column.null_row();
            }
        }
        b'n' => {
            reader.word(b"null")?;
            column.null_row();
        }
        _ => {
            let start = reader.at();
            reader.skip_value()?;
            column.append(reader.since(start));
        }
    }
    Ok(())
}

/// Booleans; only `true` and `false` are.
pub(crate) struct BooleanColumn {
    values: BooleanBufferBuilder,
    validity: NullBufferBuilder,
}

impl BooleanColumn {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            values: BooleanBufferBuilder::new(rows),
            validity: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        let value = match reader.peek()? {
            b't' => reader.word(b"true").map(|()| Some(true))?,
            b'f' => reader.word(b"false").map(|()| Some(false))?,
            _ => reader.skip_value().map(|()| None)?,
        };
        self.append(value);
        Ok(())
    }

    #[inline]
    pub(crate) fn append(&mut self, value: Option<bool>) {
        self.values.append(value.unwrap_or_default());
        self.validity.append(value.is_some());
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        Arc::new(BooleanArray::new(
            self.values.finish(),
            self.validity.finish(),
        ))
    }
}

/// Numbers of one type; a number that doesn't fit is null.
pub(crate) struct NumberColumn<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    validity: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> NumberColumn<T> {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            validity: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn read<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        convert: impl Fn(Number<'a>) -> Option<T::Native>,
    ) -> Result<(), Broken> {
        let value = match reader.peek()? {
            b'-' | b'0'..=b'9' => convert(reader.number()?),
            _ => {
                reader.skip_value()?;
                None
            }
        };
        self.append(value);
        Ok(())
    }

    #[inline]
    pub(crate) fn append(&mut self, value: Option<T::Native>) {
        self.values.push(value.unwrap_or_default());
        self.validity.append(value.is_some());
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        let values = ScalarBuffer::from(self.values);
        Ok(Arc::new(PrimitiveArray::<T>::try_new(
            values,
            self.validity.finish(),
        )?))
    }
}
