//! A column that JSON values are read into.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, NullBufferBuilder,
    PrimitiveArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::common::internal_err;
use datafusion::error::Result;

use super::escape::unescape;
use super::nested::{ListColumn, StructColumn};
use super::reader::{Broken, Reader};
use crate::binary_column::BinaryColumn;

/// A column of one of the types that a schema can name.
pub(crate) enum Column {
    Text(BinaryColumn),
    Boolean(BooleanColumn),
    Int(NumberColumn<Int32Type>),
    BigInt(NumberColumn<Int64Type>),
    Float(NumberColumn<Float32Type>),
    Double(NumberColumn<Float64Type>),
    Struct(StructColumn),
    List(Box<ListColumn>),
}

impl Column {
    /// An empty column with room for `rows`.
    pub(crate) fn new(data_type: &DataType, rows: usize) -> Result<Self> {
        Ok(match data_type {
            DataType::Utf8 => Self::Text(BinaryColumn::with_capacity(rows, rows * 16)),
            DataType::Boolean => Self::Boolean(BooleanColumn::with_capacity(rows)),
            DataType::Int32 => Self::Int(NumberColumn::with_capacity(rows)),
            DataType::Int64 => Self::BigInt(NumberColumn::with_capacity(rows)),
            DataType::Float32 => Self::Float(NumberColumn::with_capacity(rows)),
            DataType::Float64 => Self::Double(NumberColumn::with_capacity(rows)),
            DataType::Struct(fields) => Self::Struct(StructColumn::new(fields, rows)?),
            DataType::List(item) => Self::List(Box::new(ListColumn::new(item, rows)?)),
            other => return internal_err!("from_json cannot read {other}"),
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::Boolean(column) => column.values.len(),
            Self::Int(column) => column.values.len(),
            Self::BigInt(column) => column.values.len(),
            Self::Float(column) => column.values.len(),
            Self::Double(column) => column.values.len(),
            Self::Struct(column) => column.len(),
            Self::List(column) => column.len(),
        }
    }

    /// How many values there are at the bottom, in all columns together: what a batch takes in
    /// memory grows with it.
    pub(crate) fn value_count(&self) -> usize {
        match self {
            Self::Struct(column) => column.children().iter().map(Self::value_count).sum(),
            Self::List(column) => column.items().value_count(),
            plain => plain.len(),
        }
    }

    /// Reads a value into a new row: a null one, if the value is of another type. After an error
    /// the row may be there in part; [`Self::truncate`] takes it back.
    #[inline]
    pub(crate) fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        match self {
            Self::Text(column) => read_text(column, reader),
            Self::Boolean(column) => column.read(reader),
            Self::Int(column) => {
                column.read(reader, |number| i32::try_from(number.integer()?).ok())
            }
            Self::BigInt(column) => column.read(reader, |number| number.integer()),
            Self::Float(column) => column.read(reader, |number| number.float()),
            Self::Double(column) => column.read(reader, |number| number.double()),
            Self::Struct(column) => column.read(reader),
            Self::List(column) => column.read(reader),
        }
    }

    /// A null row: null at every depth.
    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Text(column) => column.null_row(),
            Self::Boolean(column) => column.append(None),
            Self::Int(column) => column.append(None),
            Self::BigInt(column) => column.append(None),
            Self::Float(column) => column.append(None),
            Self::Double(column) => column.append(None),
            Self::Struct(column) => column.append_null(),
            Self::List(column) => column.append_null(),
        }
    }

    /// Keeps the first `rows` rows, at every depth.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match self {
            Self::Text(column) => column.truncate(rows),
            Self::Boolean(column) => column.truncate(rows),
            Self::Int(column) => column.truncate(rows),
            Self::BigInt(column) => column.truncate(rows),
            Self::Float(column) => column.truncate(rows),
            Self::Double(column) => column.truncate(rows),
            Self::Struct(column) => column.truncate(rows),
            Self::List(column) => column.truncate(rows),
        }
    }

    pub(crate) fn finish(self) -> Result<ArrayRef> {
        match self {
            Self::Text(column) => column.finish_text(),
            Self::Boolean(column) => Ok(column.finish()),
            Self::Int(column) => column.finish(),
            Self::BigInt(column) => column.finish(),
            Self::Float(column) => column.finish(),
            Self::Double(column) => column.finish(),
            Self::Struct(column) => column.finish(),
            Self::List(column) => column.finish(),
        }
    }
}

/// Text takes every value: a string without its quotes, anything else as it stands, as in Spark.
#[inline]
fn read_text(column: &mut BinaryColumn, reader: &mut Reader) -> Result<(), Broken> {
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
    fn with_capacity(rows: usize) -> Self {
        Self {
            values: BooleanBufferBuilder::new(rows),
            validity: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        let value = match reader.peek()? {
            b't' => reader.word(b"true").map(|()| Some(true))?,
            b'f' => reader.word(b"false").map(|()| Some(false))?,
            _ => reader.skip_value().map(|()| None)?,
        };
        self.append(value);
        Ok(())
    }

    #[inline]
    fn append(&mut self, value: Option<bool>) {
        self.values.append(value.unwrap_or_default());
        self.validity.append(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    fn finish(mut self) -> ArrayRef {
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
    fn with_capacity(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            validity: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    fn read<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        convert: impl Fn(super::number::Number<'a>) -> Option<T::Native>,
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
    fn append(&mut self, value: Option<T::Native>) {
        self.values.push(value.unwrap_or_default());
        self.validity.append(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let values = ScalarBuffer::from(self.values);
        Ok(Arc::new(PrimitiveArray::<T>::try_new(
            values,
            self.validity.finish(),
        )?))
    }
}
