//! `elements`: a list to a list of (index, value), and the bytes that each element came from.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, Int32Array, ListArray, NullBufferBuilder,
    StructArray, UInt64Array, make_view,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::cast::{as_binary_array, as_list_array};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::slices::element_slices;
use crate::arguments::{Call, Columns};
use crate::documentation::LISTS;
use crate::json::reader::ITEMS_MAX;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        LISTS,
        "Numbers the elements of a list: `unnest_outer(elements(list)) AS l` makes a row of each, with its \
         place `l.index` (from 0) and itself as `l.value`. With `body`, the JSON text that the list was parsed \
         from, also `l.raw`: the bytes of the element in `body`, from its first to its last byte; of a list of \
         one element, the whole of `body`.\n\n\
         A null list gives null, and so does an empty one: `unnest_outer` then keeps exactly one row, whose \
         `l.value` is null, so that a record without elements is seen rather than lost. A list of more than \
         65,536 elements gives null too. `l.raw` is null where `body` is null, or isn't an array of as many \
         elements as the list.",
        "elements(list)",
    )
    .with_alternative_syntax("elements(list, body)")
    .with_sql_example(
        "```sql\nSELECT l.index, l.value.event\nFROM (SELECT unnest_outer(elements(from_json('[{\"event\":\"install\"},{\"event\":\"launch\"}]', 'ARRAY<STRUCT<event STRING>>'))) AS l);\n-- 0 install\n-- 1 launch\n```",
    )
    .with_argument("list", "ARRAY of any type")
    .with_argument("body", "BINARY or STRING: the JSON text of the list")
    .with_related_udf("from_json")
    .with_related_udf("tie")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Elements {
    signature: Signature,
}

impl Default for Elements {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Elements {
    fn name(&self) -> &str {
        "elements"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(1, 2)?;
        let mut coerced = vec![call.list(0)?];
        if types.len() == 2 {
            coerced.push(call.bytes(1)?);
        }
        Ok(coerced)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let DataType::List(item) = &types[0] else {
            return internal_err!("elements was called on {}", types[0]);
        };
        Ok(DataType::List(item_field(item, types.len() == 2)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let lists = as_list_array(&columns.arrays[0])?;
        let bodies = match columns.arrays.get(1) {
            Some(bodies) => Some(as_binary_array(bodies)?),
            None => None,
        };
        columns.answer(number_elements(lists, bodies)?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// All fields are nullable: where `unnest_outer` fills in a row, all of them are null.
fn item_field(item: &FieldRef, has_body: bool) -> FieldRef {
    let mut fields = vec![
        Field::new("index", DataType::Int32, true),
        Field::new("value", item.data_type().clone(), true),
    ];
    if has_body {
        fields.push(Field::new("raw", DataType::BinaryView, true));
    }
    let item = DataType::Struct(Fields::from(fields));
    Arc::new(Field::new_list_field(item, true))
}

fn number_elements(lists: &ListArray, bodies: Option<&BinaryArray>) -> Result<ArrayRef> {
    let DataType::List(item) = lists.data_type() else {
        return internal_err!("elements was called on {}", lists.data_type());
    };
    let lengths: Vec<usize> = (0..lists.len())
        .map(|row| {
            let length = range(lists, row).len();
            if lists.is_null(row) || length > ITEMS_MAX {
                0
            } else {
                length
            }
        })
        .collect();
    let values = dense_values(lists, &lengths)?;
    let index: Int32Array = lengths
        .iter()
        .flat_map(|&length| 0..length as i32)
        .collect();
    let mut children: Vec<ArrayRef> = vec![Arc::new(index), values];
    if let Some(bodies) = bodies {
        children.push(raw_column(&lengths, bodies)?);
    }
    let item = item_field(item, bodies.is_some());
    let DataType::Struct(fields) = item.data_type() else {
        return internal_err!("the items of elements are structs");
    };
    let items = StructArray::try_new(fields.clone(), children, None)?;
    let nulls = NullBuffer::from_iter(lengths.iter().map(|&length| length > 0));
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(&item),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(items),
        Some(nulls),
    )?))
}

/// The elements of all lists without gaps: a null list, or one that is too long, may stand over
/// elements that nobody may see.
fn dense_values(lists: &ListArray, lengths: &[usize]) -> Result<ArrayRef> {
    let offsets = lists.value_offsets();
    let (first, last) = (offsets[0] as usize, offsets[lists.len()] as usize);
    if lengths.iter().sum::<usize>() == last - first {
        return Ok(lists.values().slice(first, last - first));
    }
    let indices: UInt64Array = (0..lists.len())
        .filter(|&row| lengths[row] > 0)
        .flat_map(|row| range(lists, row))
        .map(|at| at as u64)
        .collect();
    Ok(take(lists.values(), &indices, None)?)
}

fn range(lists: &ListArray, row: usize) -> Range<usize> {
    let offsets = lists.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

/// Views of the bodies, so that no body is copied, however often its elements' bytes are asked for.
fn raw_column(lengths: &[usize], bodies: &BinaryArray) -> Result<ArrayRef> {
    let offsets = bodies.value_offsets();
    let rows = lengths.iter().sum();
    let mut views = Vec::with_capacity(rows);
    let mut validity = NullBufferBuilder::new(rows);
    let mut slices = Vec::new();
    for (row, &length) in lengths.iter().enumerate() {
        let body = bodies.value(row);
        if bodies.is_valid(row) && slice_into(body, length, &mut slices) {
            let start = offsets[row] as u32;
            views.extend(
                slices
                    .iter()
                    .map(|slice| make_view(&body[slice.clone()], 0, start + slice.start as u32)),
            );
            validity.append_n_non_nulls(length);
        } else {
            views.extend(std::iter::repeat_n(0, length));
            validity.append_n_nulls(length);
        }
    }
    let column = BinaryViewArray::try_new(
        ScalarBuffer::from(views),
        vec![bodies.values().clone()],
        validity.finish(),
    )?;
    Ok(Arc::new(column))
}

/// Whether a body has so many elements; then their places in it.
fn slice_into(body: &[u8], length: usize, slices: &mut Vec<Range<usize>>) -> bool {
    slices.clear();
    match length {
        0 => true,
        1 => {
            slices.push(0..body.len());
            true
        }
        _ => element_slices(body, slices).is_ok() && slices.len() == length,
    }
}
