//! Batches of types that the samples of the server's tests leave out.
#![expect(clippy::unwrap_used, reason = "tests")]
use arrow::array::{
    DictionaryArray, Int32Array, ListArray, MapBuilder, RunArray, StringArray, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{Field, Int8Type, Int32Type, Schema, TimeUnit};

use super::*;
use crate::wire::Profile;

fn wire(batch: &RecordBatch) -> RecordBatch {
    let schema = Profile::default().schema(&batch.schema());
    let mut parts = conform(batch, &schema).unwrap();
    assert_eq!(parts.len(), 1);
    parts.remove(0)
}

#[test]
fn a_slice_of_a_list_takes_only_its_own_values() {
    let values: StringViewArray = (0..100).map(|i| Some(format!("{i}"))).collect();
    let list = ListArray::try_new(
        Arc::new(Field::new("item", DataType::Utf8View, true)),
        OffsetBuffer::from_lengths([10; 10]),
        Arc::new(values),
        None,
    )
    .unwrap();
    let batch = RecordBatch::try_from_iter([("l", Arc::new(list) as ArrayRef)]).unwrap();
    let sent = wire(&batch.slice(3, 2));
    let list = sent.column(0).as_list::<i32>();
    assert_eq!(list.values().len(), 20);
    assert_eq!(list.value(0).as_string::<i32>().value(0), "30");
    assert_eq!(list.value(1).as_string::<i32>().value(9), "49");
}

#[test]
fn a_slice_of_maps_takes_only_its_own_entries() {
    let mut maps = MapBuilder::new(None, StringViewBuilder::new(), StringViewBuilder::new());
    for i in 0..10 {
        for j in 0..10 {
            maps.keys().append_value(format!("{j}"));
            maps.values().append_value(format!("{i}{j}"));
        }
        maps.append(true).unwrap();
    }
    let batch = RecordBatch::try_from_iter([("m", Arc::new(maps.finish()) as ArrayRef)]).unwrap();
    let sent = wire(&batch.slice(3, 2));
    let map = sent.column(0).as_map();
    assert_eq!(map.entries().len(), 20);
    assert_eq!(map.value(1).column(1).as_string::<i32>().value(9), "49");
}

#[test]
fn native_types_keep_their_form_around_naive_timestamps() {
    let times = || -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3]).with_timezone("+08:00"))
    };
    let item = Arc::new(Field::new("item", times().data_type().clone(), true));
    let (offsets, sizes) = (
        ScalarBuffer::from(vec![2, 0]),
        ScalarBuffer::from(vec![1, 2]),
    );
    let view = GenericListViewArray::<i32>::try_new(item, offsets, sizes, times(), None).unwrap();
    let keys = arrow::array::Int8Array::from(vec![Some(2), None]);
    let dictionary = DictionaryArray::<Int8Type>::try_new(keys, times()).unwrap();
    let ends = Int32Array::from(vec![1, 2]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &times().slice(1, 2)).unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("view", Arc::new(view) as ArrayRef, true),
        ("dictionary", Arc::new(dictionary), true),
        ("runs", Arc::new(runs), true),
    ])
    .unwrap();
    let naive = Profile {
        native: true,
        naive_timestamps: true,
        java: false,
    };
    let schema = naive.schema(&batch.schema());
    let sent = conform(&batch, &schema).unwrap().remove(0);
    assert_eq!(sent.schema(), schema);
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let first = |values: ArrayRef| {
        assert_eq!(values.data_type(), &time);
        let values = values.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        values.value(0)
    };
    assert_eq!(first(sent.column(0).as_list_view::<i32>().value(0)), 3);
    assert_eq!(first(cast(sent.column(1), &time).unwrap()), 3);
    assert_eq!(first(cast(sent.column(2), &time).unwrap()), 2);
}

#[test]
fn run_ends_become_plain_values() {
    let ends = Int32Array::from(vec![2, 3]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &StringArray::from(vec!["a", "b"])).unwrap();
    let batch = RecordBatch::try_from_iter([("r", Arc::new(runs) as ArrayRef)]).unwrap();
    let sent = wire(&batch);
    let values = sent.column(0).as_string::<i32>();
    assert_eq!(values.iter().flatten().collect::<Vec<_>>(), ["a", "a", "b"]);
}

#[test]
fn a_null_where_none_was_announced_is_an_error_that_names_the_column() {
    let batch = RecordBatch::try_from_iter([(
        "c",
        Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef,
    )])
    .unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Int32, false)]));
    let e = conform(&batch, &schema).unwrap_err();
    assert!(
        e.to_string().contains("'c'") || e.to_string().contains(" c "),
        "{e}"
    );
    assert!(conform(&batch, &Arc::new(Schema::empty())).is_err());
}
