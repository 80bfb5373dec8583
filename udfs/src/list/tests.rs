//! `elements` on lists of every kind.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int32Array, LargeListArray, ListArray, StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Int32Type};
use proptest::prelude::*;

use super::elements::Elements;
use crate::json::reader::ITEMS_MAX;
use crate::json::{from_json, schema};
use crate::testing::{call, column, literal, rows};

fn lists() -> ListArray {
    ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(7), None]),
        None,
        Some(vec![]),
        Some(vec![Some(9)]),
    ])
}

#[test]
fn elements_are_numbered_and_empty_lists_are_null() {
    let expected = [
        "[{index: 0, value: 7}, {index: 1, value: }]",
        "NULL",
        "NULL",
        "[{index: 0, value: 9}]",
    ];
    let numbered = call(&Elements::default(), [column(lists())]).unwrap();
    assert_eq!(rows(&numbered), expected);
    let large = arrow::compute::cast(
        &lists(),
        &arrow::datatypes::DataType::new_large_list(arrow::datatypes::DataType::Int32, true),
    )
    .unwrap();
    let large: LargeListArray = large.as_list::<i64>().clone();
    assert_eq!(
        rows(&call(&Elements::default(), [column(large)]).unwrap()),
        expected
    );
    let sliced = call(&Elements::default(), [column(lists().slice(1, 3))]).unwrap();
    assert_eq!(rows(&sliced), expected[1..]);
    let none = call(&Elements::default(), [column(lists().slice(0, 0))]).unwrap();
    assert_eq!(none.len(), 0);
    let error = call(&Elements::default(), [literal("text")]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("argument 1 of elements must be a list, got Utf8")
    );
}

#[test]
fn elements_under_a_null_list_stay_hidden() {
    let hidden = ListArray::new(
        Arc::new(Field::new_list_field(
            arrow::datatypes::DataType::Int32,
            true,
        )),
        OffsetBuffer::from_lengths([1, 2, 1]),
        Arc::new(Int32Array::from(vec![1, 2, 3, 4])),
        Some(NullBuffer::from(vec![true, false, true])),
    );
    let numbered = call(&Elements::default(), [column(hidden)]).unwrap();
    assert_eq!(
        rows(&numbered),
        ["[{index: 0, value: 1}]", "NULL", "[{index: 0, value: 4}]"]
    );
}

#[test]
fn a_list_that_is_too_long_is_null_and_its_neighbours_stay() {
    let lengths = [1, ITEMS_MAX, ITEMS_MAX + 1, 1];
    let items = lengths.iter().sum::<usize>() as i32;
    let lists = ListArray::new(
        Arc::new(Field::new_list_field(
            arrow::datatypes::DataType::Int32,
            true,
        )),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(Int32Array::from_iter_values(0..items)),
        None,
    );
    let numbered = call(&Elements::default(), [column(lists)]).unwrap();
    let numbered = numbered.as_list::<i32>();
    let kept: Vec<i32> = (0..4).map(|row| numbered.value_length(row)).collect();
    assert_eq!(kept, [1, ITEMS_MAX as i32, 0, 1]);
    assert!(numbered.is_null(2));
    assert_eq!(
        rows(&numbered.slice(3, 1)),
        [format!("[{{index: 0, value: {}}}]", items - 1)]
    );
}

/// The raw bytes of every element, as text.
fn raws(bodies: &[&str], parsed: &[&str]) -> Vec<Vec<Option<String>>> {
    let data_type = schema::parse("ARRAY<STRING>").unwrap();
    let lists = from_json::parse(&BinaryArray::from_iter_values(parsed), &data_type).unwrap();
    let bodies = StringArray::from_iter_values(bodies);
    let numbered = call(
        &Elements::default(),
        [column(lists.as_list::<i32>().clone()), column(bodies)],
    )
    .unwrap();
    numbered.as_list::<i32>().iter().map(raw_values).collect()
}

fn raw_values(items: Option<ArrayRef>) -> Vec<Option<String>> {
    let Some(items) = items else {
        return Vec::new();
    };
    let raws = items.as_struct().column(2).clone();
    raws.as_binary_view()
        .iter()
        .map(|raw| raw.map(|raw| String::from_utf8_lossy(raw).into_owned()))
        .collect()
}

#[test]
fn raw_is_the_element_or_the_whole_body_of_one() {
    let some = |raws: &[&str]| {
        raws.iter()
            .map(|raw| Some(raw.to_string()))
            .collect::<Vec<_>>()
    };
    let bodies = [
        r#" [ {"a": 1} , "x", [ 2 ] ] "#,
        r#" [ {"a": 1} ] "#,
        "[]",
        "{}",
        "[1,2]",
    ];
    assert_eq!(
        raws(&bodies, &bodies),
        [
            some(&[r#"{"a": 1}"#, r#""x""#, "[ 2 ]"]),
            some(&[bodies[1]]),
            vec![],
            vec![],
            some(&["1", "2"])
        ]
    );
    // A body that isn't the list's.
    assert_eq!(
        raws(&["[1,2,3]", "no"], &["[1,2]", "[1,2]"]),
        [[None, None], [None, None]]
    );
}

#[test]
fn a_null_body_has_no_raw() {
    let bodies = BinaryArray::from_opt_vec(vec![None, Some(b"[1]"), None, None]);
    let numbered = call(&Elements::default(), [column(lists()), column(bodies)]).unwrap();
    assert_eq!(
        rows(&numbered),
        [
            "[{index: 0, value: 7, raw: }, {index: 1, value: , raw: }]",
            "NULL",
            "NULL",
            "[{index: 0, value: 9, raw: }]"
        ]
    );
}

proptest! {
    #[test]
    fn raws_and_separators_make_up_the_body(
        elements in prop::collection::vec(r#"[1-9][0-9]{0,5}|"[a-z,\[\]{}: ]{0,9}"|\{"k": ?[1-9], ?"l":\[\]\}|null"#, 2..9),
        space in "[ \t\r\n]{0,2}",
    ) {
        let body = format!("[{space}{}{space}]", elements.join(&format!("{space},{space}")));
        let raws: Option<Vec<_>> = raws(&[&body], &[&body])[0].iter().cloned().collect();
        prop_assert_eq!(raws.as_ref(), Some(&elements));
    }
}
