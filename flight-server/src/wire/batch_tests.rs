//! Batches of types that the samples of the server's tests leave out.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::wire::Profile;
use arrow::array::{Int32Array, RunArray, StringArray, StringViewArray};
use arrow::datatypes::{Field, Int32Type, Schema};

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
