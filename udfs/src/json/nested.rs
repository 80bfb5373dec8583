//! Columns that objects and arrays are read into.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{FieldRef, Fields};
use datafusion::error::Result;

use super::column::Column;
use super::field_names::FieldNames;
use super::reader::{Broken, ITEMS_MAX, Reader};

/// Objects. While a row is read, a child is one row longer than the struct once its field is set.
pub(crate) struct StructColumn {
    fields: Fields,
    names: FieldNames,
    children: Vec<Column>,
    rows: usize,
    validity: NullBufferBuilder,
}

impl StructColumn {
    pub(crate) fn new(fields: &Fields, rows: usize) -> Result<Self> {
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
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
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

    /// The columns of the fields.
    pub(crate) fn children(&self) -> &[Column] {
        &self.children
    }

    pub(crate) fn append_null(&mut self) {
        for child in &mut self.children {
            child.append_null();
        }
        self.rows += 1;
        self.validity.append_null();
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        for child in &mut self.children {
            child.truncate(rows);
        }
        self.rows = rows;
        self.validity.truncate(rows);
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
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
    pub(crate) fn new(item: &FieldRef, rows: usize) -> Result<Self> {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Ok(Self {
            item: Arc::clone(item),
            items: Column::new(item.data_type(), rows)?,
            offsets,
            validity: NullBufferBuilder::new(rows),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn read(&mut self, reader: &mut Reader) -> Result<(), Broken> {
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

    pub(crate) fn append_null(&mut self) {
        self.offsets.push(self.item_count());
        self.validity.append_null();
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.validity.truncate(rows);
        self.items.truncate(self.item_count() as usize);
    }

    /// The column of the items.
    pub(crate) fn items(&self) -> &Column {
        &self.items
    }

    /// Items of complete rows.
    fn item_count(&self) -> i32 {
        self.offsets.last().copied().unwrap_or_default()
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        Ok(Arc::new(ListArray::try_new(
            self.item,
            OffsetBuffer::new(ScalarBuffer::from(self.offsets)),
            self.items.finish()?,
            self.validity.finish(),
        )?))
    }
}
