//! Batches made to be of exactly the schema that was announced.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray,
    OffsetSizeTrait, RecordBatch, RecordBatchOptions, StructArray, make_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use arrow::error::ArrowError;

/// The batch in the wire's types, names, nullability and metadata. More than one where a column
/// would not fit into 32-bit offsets.
pub(crate) fn conform(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, ArrowError> {
    if batch.schema_ref() == schema {
        return Ok(vec![batch.clone()]);
    }
    match conform_whole(batch, schema) {
        Ok(batch) => Ok(vec![batch]),
        Err(_) if too_large(batch) => {
            let half = batch.num_rows() / 2;
            let mut parts = conform(&batch.slice(0, half), schema)?;
            parts.extend(conform(
                &batch.slice(half, batch.num_rows() - half),
                schema,
            )?);
            Ok(parts)
        }
        Err(e) => Err(e),
    }
}

fn too_large(batch: &RecordBatch) -> bool {
    batch.num_rows() > 1 && batch.get_array_memory_size() > i32::MAX as usize
}

fn conform_whole(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() != schema.fields().len() {
        return Err(ArrowError::SchemaError(format!(
            "{} columns were announced, the result has {}",
            schema.fields().len(),
            batch.num_columns()
        )));
    }
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            conform_array(column, field.data_type())
                .map_err(|e| ArrowError::SchemaError(format!("column {}: {e}", field.name())))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)
}

/// Arrow's own cast gives the right values, but not always the right names and nullability of
/// nested fields; so nested types are rebuilt here and only leaves are cast.
fn conform_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    use DataType as T;
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), to) {
        (T::Dictionary(keys, _), T::Dictionary(same, values)) if keys == same => {
            let dictionary = array.as_any_dictionary();
            Ok(dictionary.with_values(conform_array(dictionary.values(), values)?))
        }
        (T::Dictionary(_, values), _) => conform_array(&cast(array, values)?, to),
        (T::RunEndEncoded(ends, _), T::RunEndEncoded(same, values)) if ends == same => {
            runs(array, to, values.data_type())
        }
        (T::RunEndEncoded(_, values), _) => conform_array(&cast(array, values.data_type())?, to),
        (T::Timestamp(from, Some(_)), T::Timestamp(unit, None)) if from == unit => {
            relabel(array, to)
        }
        (T::LargeList(item) | T::ListView(item) | T::LargeListView(item), T::List(_)) => {
            conform_array(&cast(array, &T::List(Arc::clone(item)))?, to)
        }
        (T::List(_), T::List(item)) => Ok(Arc::new(list(array.as_list::<i32>(), item)?)),
        (T::LargeList(_), T::LargeList(item)) => Ok(Arc::new(list(array.as_list::<i64>(), item)?)),
        (T::ListView(_), T::ListView(item)) => {
            Ok(Arc::new(list_view(array.as_list_view::<i32>(), item)?))
        }
        (T::LargeListView(_), T::LargeListView(item)) => {
            Ok(Arc::new(list_view(array.as_list_view::<i64>(), item)?))
        }
        (T::FixedSizeList(_, from), T::FixedSizeList(item, size)) if from == size => {
            let list = array.as_fixed_size_list();
            Ok(Arc::new(FixedSizeListArray::try_new(
                Arc::clone(item),
                *size,
                conform_array(list.values(), item.data_type())?,
                array.nulls().cloned(),
            )?))
        }
        (T::Struct(from), T::Struct(fields)) if from.len() == fields.len() => {
            let columns = array
                .as_struct()
                .columns()
                .iter()
                .zip(fields)
                .map(|(column, field)| conform_array(column, field.data_type()))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                columns,
                array.nulls().cloned(),
                array.len(),
            )?))
        }
        (T::Map(..), T::Map(entries, sorted)) => {
            let map = array.as_map();
            let columns: ArrayRef = Arc::new(map.entries().clone());
            let (offsets, columns) = trim(map.offsets(), &columns);
            let columns = conform_array(&columns, entries.data_type())?;
            Ok(Arc::new(MapArray::try_new(
                Arc::clone(entries),
                offsets,
                columns.as_struct().clone(),
                array.nulls().cloned(),
                *sorted,
            )?))
        }
        _ => cast(array, to),
    }
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &strict)
}

/// The same values under another name for their type.
fn relabel(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data().into_builder().data_type(to.clone());
    Ok(make_array(data.build()?))
}

fn list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    item: &FieldRef,
) -> Result<GenericListArray<O>, ArrowError> {
    let (offsets, values) = trim(list.offsets(), list.values());
    GenericListArray::try_new(
        Arc::clone(item),
        offsets,
        conform_array(&values, item.data_type())?,
        list.nulls().cloned(),
    )
}

fn list_view<O: OffsetSizeTrait>(
    list: &GenericListViewArray<O>,
    item: &FieldRef,
) -> Result<GenericListViewArray<O>, ArrowError> {
    GenericListViewArray::try_new(
        Arc::clone(item),
        list.offsets().clone(),
        list.sizes().clone(),
        conform_array(list.values(), item.data_type())?,
        list.nulls().cloned(),
    )
}

/// The same runs with their values in another type.
fn runs(array: &ArrayRef, to: &DataType, values: &DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data();
    let [ends, runs] = data.child_data() else {
        return Err(ArrowError::SchemaError(
            "run ends without values".to_owned(),
        ));
    };
    let runs = conform_array(&make_array(runs.clone()), values)?.to_data();
    let ends = ends.clone();
    let data = data.into_builder().data_type(to.clone());
    Ok(make_array(data.child_data(vec![ends, runs]).build()?))
}

/// The offsets from 0 and only the values that they reach, so that a slice of large lists isn't
/// cast whole.
fn trim<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    values: &ArrayRef,
) -> (OffsetBuffer<O>, ArrayRef) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    if first.as_usize() == 0 && last.as_usize() == values.len() {
        return (offsets.clone(), Arc::clone(values));
    }
    let values = values.slice(first.as_usize(), (last - first).as_usize());
    let moved: ScalarBuffer<O> = offsets.iter().map(|o| *o - first).collect();
    (OffsetBuffer::new(moved), values)
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
