//! One row an element of a list, and one row for a null or empty list.

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use common::{EngineError, Result, typed};

use super::frame::{Frame, batch_of};

/// The field of an element that holds its index.
pub(super) const INDEX: &str = "index";

/// Unnests one column that `elements` has made.
#[derive(Debug)]
pub(super) struct Unnesting {
    /// The list's column.
    pub(super) column: usize,
    /// For each column that comes out, the column that it is made of.
    pub(super) made_of: Vec<usize>,
    /// What comes out.
    pub(super) schema: SchemaRef,
}

impl Unnesting {
    /// The elements, and the rows whose list is null or empty. They are apart so that the lists'
    /// values, which are large, are handed on as they are.
    pub(super) fn run(&self, frame: &Frame) -> Result<Vec<Frame>> {
        let lists = frame.batch.column(self.column);
        let lists = match lists.data_type() {
            DataType::List(_) => lists.clone(),
            DataType::LargeList(item) => cast(lists, &DataType::List(item.clone()))?,
            other => {
                return Err(EngineError::internal(format!("elements() gave a {other}")));
            }
        };
        let lists = lists.as_list::<i32>();
        let shape = Shape::of(lists);
        let mut frames = Vec::with_capacity(2);
        if !shape.parents.is_empty() {
            frames.push(self.elements(frame, lists, &shape)?);
        }
        if !shape.childless.is_empty() {
            frames.push(self.childless(frame, lists, &shape.childless)?);
        }
        Ok(frames)
    }

    fn elements(&self, frame: &Frame, lists: &ListArray, shape: &Shape) -> Result<Frame> {
        let values = if shape.contiguous {
            lists.values().slice(shape.first, shape.parents.len())
        } else {
            take(lists.values(), &shape.values(lists), None).map_err(too_much)?
        };
        let index = values
            .as_struct_opt()
            .and_then(|s| s.column_by_name(INDEX))
            .ok_or_else(|| EngineError::internal("an element has no index"))?;
        let elements: Int32Array = typed(&cast(index, &DataType::Int32)?)?;
        if shape.one_each {
            return self.assemble(frame.clone(), values, elements);
        }
        let parents = UInt32Array::from(shape.parents.clone());
        let columns = self
            .made_of
            .iter()
            .map(|c| self.taken(frame, *c, &parents, &values))
            .collect::<Result<Vec<_>>>()?;
        Ok(Frame {
            batch: batch_of(&self.schema, columns, parents.len())?,
            rows: typed(&take(&frame.rows, &parents, None)?)?,
            elements,
            filtered: taken_flags(frame, &parents)?,
        })
    }

    fn childless(&self, frame: &Frame, lists: &ListArray, childless: &[u32]) -> Result<Frame> {
        let parents = UInt32Array::from(childless.to_vec());
        let nulls = arrow::array::new_null_array(lists.values().data_type(), parents.len());
        let columns = self
            .made_of
            .iter()
            .map(|c| self.taken(frame, *c, &parents, &nulls))
            .collect::<Result<Vec<_>>>()?;
        Ok(Frame {
            batch: batch_of(&self.schema, columns, parents.len())?,
            rows: typed(&take(&frame.rows, &parents, None)?)?,
            elements: Int32Array::from_value(-1, parents.len()),
            filtered: taken_flags(frame, &parents)?,
        })
    }

    /// Every list has one element: nothing has to be repeated.
    fn assemble(&self, frame: Frame, values: ArrayRef, elements: Int32Array) -> Result<Frame> {
        let columns = self
            .made_of
            .iter()
            .map(|c| {
                if *c == self.column {
                    values.clone()
                } else {
                    frame.batch.column(*c).clone()
                }
            })
            .collect();
        Ok(Frame {
            batch: batch_of(&self.schema, columns, frame.len())?,
            elements,
            ..frame
        })
    }

    fn taken(
        &self,
        frame: &Frame,
        column: usize,
        parents: &UInt32Array,
        values: &ArrayRef,
    ) -> Result<ArrayRef> {
        if column == self.column {
            Ok(values.clone())
        } else {
            take(frame.batch.column(column), parents, None).map_err(too_much)
        }
    }
}

/// Repeating a value for each element can take more than a column holds: then fewer records at a
/// time must be unnested.
fn too_much(error: ArrowError) -> EngineError {
    match error {
        ArrowError::OffsetOverflowError(_) => {
            EngineError::data("the elements of a micro-batch take more bytes than a column holds")
        }
        other => other.into(),
    }
}

fn taken_flags(frame: &Frame, parents: &UInt32Array) -> Result<Option<arrow::array::BooleanArray>> {
    frame
        .filtered
        .as_ref()
        .map(|flags| typed(&take(flags, parents, None)?))
        .transpose()
}

/// How a column of lists falls into elements.
struct Shape {
    /// The row of each element.
    parents: Vec<u32>,
    /// The rows whose list is null or empty.
    childless: Vec<u32>,
    /// The first element's place among the lists' values.
    first: usize,
    /// The elements lie side by side.
    contiguous: bool,
    /// Every row has exactly one element.
    one_each: bool,
}

impl Shape {
    fn of(lists: &ListArray) -> Self {
        let offsets = lists.value_offsets();
        let mut parents = Vec::with_capacity(lists.len());
        let mut childless = Vec::new();
        let mut first = None;
        let mut expected = 0;
        let mut contiguous = true;
        for row in 0..lists.len() {
            let (start, end) = (offsets[row], offsets[row + 1]);
            if start == end || lists.is_null(row) {
                childless.push(row as u32);
                continue;
            }
            if first.is_none() {
                first = Some(start as usize);
            } else if start != expected {
                contiguous = false;
            }
            expected = end;
            parents.extend(std::iter::repeat_n(row as u32, (end - start) as usize));
        }
        let one_each = parents.len() == lists.len()
            && parents.iter().enumerate().all(|(i, p)| i == *p as usize);
        Self {
            parents,
            childless,
            first: first.unwrap_or_default(),
            contiguous,
            one_each,
        }
    }

    /// The places of the elements among the lists' values, where values of null lists lie between.
    fn values(&self, lists: &ListArray) -> UInt32Array {
        let offsets = lists.value_offsets();
        let mut places = Vec::with_capacity(self.parents.len());
        let mut before = None;
        for parent in &self.parents {
            if before != Some(*parent) {
                let row = *parent as usize;
                places.extend(offsets[row] as u32..offsets[row + 1] as u32);
                before = Some(*parent);
            }
        }
        UInt32Array::from(places)
    }
}
