//! A column that JSON values are read into, with the columns within it.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, FieldRef, Fields, Float32Type, Float64Type, Int32Type, Int64Type,
};
use datafusion::common::internal_err;
use datafusion::error::Result;

use super::broken::Broken;
use super::field_names::FieldNames;
use super::plain_columns::{BooleanColumn, NumberColumn, read_text};
use super::reader::{ITEMS_MAX, Reader};
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
            Self::Boolean(column) => column.len(),
            Self::Int(column) => column.len(),
            Self::BigInt(column) => column.len(),
            Self::Float(column) => column.len(),
            Self::Double(column) => column.len(),
            Self::Struct(column) => column.len(),
            Self::List(column) => column.len(),
        }
    }

    /// How many values there are at the bottom, in all columns together: what a batch takes in
    /// memory grows with it.
    pub(crate) fn value_count(&self) -> usize {
        match self {
            Self::Struct(column) => column.children.iter().map(Self::value_count).sum(),
            Self::List(column) => column.items.value_count(),
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
            Self::Int(column) => column.read(reader, |number| number.integer()),
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

/// Objects. While a row is read, a child is one row longer than the struct once its field is set.
pub(crate) struct StructColumn {
    fields: Fields,
    names: FieldNames,
    children: Vec<Column>,
    rows: usize,
    validity: NullBufferBuilder,
}

impl StructColumn {
    fn new(fields: &Fields, rows: usize) -> Result<Self> {
        Ok(Self {
            fields: fields.clone(),
            names: FieldNames::new(fields.iter().map(|field| field.name().as_str())),
            children: fields
                .iter()
                .map(|field| Column::new(field.data_type(), rows))
                .collect::<Result<_>>()?,
            rows: 0,
            validity: NullBufferBuilder::new(rows),
        })
    }

    #[inline]
    fn len(&self) -> usize {
        self.rows
    }

    fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        if reader.peek()? != b'{' {
            reader.skip_value()?;
            self.append_null();
            return Ok(());
        }
        reader.enter()?;
        if !reader.take(b'}')? {
            self.read_fields(reader)?;
            reader.expect(b'}')?;
        }
        reader.leave();
        for child in &mut self.children {
            if child.len() == self.rows {
                child.append_null();
            }
        }
        self.rows += 1;
        self.validity.append_non_null();
        Ok(())
    }

    fn read_fields(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        let mut previous = 0;
        loop {
            match self.names.read(reader, previous)? {
                Some(field) => {
                    let child = &mut self.children[field];
                    if child.len() > self.rows {
                        // The key stands there again, and the last one wins.
                        child.truncate(self.rows);
                    }
                    child.read(reader)?;
                    previous = field + 1;
                }
                None => reader.skip_value()?,
            }
            if !reader.take(b',')? {
                return Ok(());
            }
        }
    }

    fn append_null(&mut self) {
        for child in &mut self.children {
            child.append_null();
        }
        self.rows += 1;
        self.validity.append_null();
    }

    fn truncate(&mut self, rows: usize) {
        for child in &mut self.children {
            child.truncate(rows);
        }
        self.rows = rows;
        self.validity.truncate(rows);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let children = self
            .children
            .into_iter()
            .map(Column::finish)
            .collect::<Result<_>>()?;
        Ok(Arc::new(StructArray::try_new(
            self.fields,
            children,
            self.validity.finish(),
        )?))
    }
}

/// Arrays. A null row has no items.
pub(crate) struct ListColumn {
    item: FieldRef,
    items: Column,
    offsets: Vec<i32>,
    validity: NullBufferBuilder,
}

impl ListColumn {
    fn new(item: &FieldRef, rows: usize) -> Result<Self> {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Ok(Self {
            item: Arc::clone(item),
            items: Column::new(item.data_type(), rows)?,
            offsets,
            validity: NullBufferBuilder::new(rows),
        })
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
        if reader.peek()? != b'[' {
            reader.skip_value()?;
            self.append_null();
            return Ok(());
        }
        reader.enter()?;
        if !reader.take(b']')? {
            let items_max = self.items.len() + ITEMS_MAX;
            loop {
                if self.items.len() == items_max {
                    return Err(Broken);
                }
                self.items.read(reader)?;
                if !reader.take(b',')? {
                    break;
                }
            }
            reader.expect(b']')?;
        }
        reader.leave();
        // Items are fewer than the bytes of the text column, whose offsets have 32 bits.
        self.offsets.push(self.items.len() as i32);
        self.validity.append_non_null();
        Ok(())
    }

    fn append_null(&mut self) {
        self.offsets.push(self.item_count());
        self.validity.append_null();
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.validity.truncate(rows);
        self.items.truncate(self.item_count() as usize);
    }

    /// Items of complete rows.
    fn item_count(&self) -> i32 {
        self.offsets.last().copied().unwrap_or_default()
    }

    fn finish(mut self) -> Result<ArrayRef> {
        Ok(Arc::new(ListArray::try_new(
            self.item,
            OffsetBuffer::new(ScalarBuffer::from(self.offsets)),
            self.items.finish()?,
            self.validity.finish(),
        )?))
    }
}
