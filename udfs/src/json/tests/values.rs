//! Ill-typed values and keys that stand twice become what serde_json makes of them.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use proptest::prelude::*;
use serde_json::Value;

use super::broken::{SCHEMAS, any_bytes};
use crate::json::{from_json, schema};

/// A key that the schemas may ask for, sometimes escaped, and often the same one again.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-gltz]".prop_map(|key| format!("\"{key}\"")),
        1 => Just(r#""\u0061""#.to_owned()),
        1 => Just(r#""no such""#.to_owned()),
    ]
}

/// JSON of any shape: the values at most keys are not of the declared type.
fn any_json() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i32>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        "[1-9][0-9]{0,3}\\.[0-9]{1,4}",
        "-?[1-9][0-9]?(e|E)[+-]?[0-9]{1,2}",
        prop::sample::select(vec![
            "2147483648",
            "-2147483649",
            "9223372036854775808",
            "0",
            "1.0",
            "1e2"
        ])
        .prop_map(str::to_owned),
        "[a-z文 ]{0,6}".prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec![
            r#""\n\"\u6587""#,
            r#""\ud83d\ude00""#,
            r#""7""#,
            r#""true""#
        ])
        .prop_map(str::to_owned),
    ];
    plain.prop_recursive(5, 60, 6, |inner| {
        let space = "[ \n]?";
        prop_oneof![
            prop::collection::vec((space, inner.clone()), 0..5).prop_map(|items| {
                let items: Vec<String> = items
                    .into_iter()
                    .map(|(s, i)| format!("{s}{i}{s}"))
                    .collect();
                format!("[{}]", items.join(","))
            }),
            prop::collection::vec((key(), space, inner), 0..6).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .into_iter()
                    .map(|(key, s, value)| format!("{s}{key}{s}:{s}{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// Whether a row is what serde_json's value becomes in its type: null, where it is of another type.
fn agrees(value: &Value, array: &ArrayRef, row: usize) -> bool {
    let null = array.is_null(row);
    match (array.data_type(), value) {
        (_, Value::Null) => null,
        (DataType::Utf8, Value::String(text)) => {
            !null && array.as_string::<i32>().value(row) == text
        }
        // As it stands in the text: that is the same value, however it is spaced.
        (DataType::Utf8, other) => {
            !null
                && serde_json::from_str::<Value>(array.as_string::<i32>().value(row))
                    .is_ok_and(|taken| taken == *other)
        }
        (DataType::Boolean, Value::Bool(truth)) => !null && array.as_boolean().value(row) == *truth,
        // serde_json has no whole number -0.
        (DataType::Int32 | DataType::Int64, Value::Number(n)) if n.as_f64() == Some(0.0) => true,
        (DataType::Int32, Value::Number(n)) => {
            let whole = n.as_i64().and_then(|n| i32::try_from(n).ok());
            whole == (!null).then(|| array.as_primitive::<Int32Type>().value(row))
        }
        (DataType::Int64, Value::Number(n)) => {
            n.as_i64() == (!null).then(|| array.as_primitive::<Int64Type>().value(row))
        }
        (DataType::Float64, Value::Number(n)) => {
            !null
                && close(
                    n.as_f64(),
                    array.as_primitive::<Float64Type>().value(row),
                    1e-14,
                )
        }
        (DataType::Float32, Value::Number(n)) => {
            let read = f64::from(array.as_primitive::<Float32Type>().value(row));
            match n.as_f64() {
                Some(wide) if wide.abs() > f64::from(f32::MAX) => null,
                wide => !null && close(wide, read, 1e-6),
            }
        }
        (DataType::Struct(fields), Value::Object(object)) => {
            let columns = array.as_struct().columns();
            !null
                && fields.iter().zip(columns).all(|(field, column)| {
                    agrees(
                        object.get(field.name()).unwrap_or(&Value::Null),
                        column,
                        row,
                    )
                })
        }
        (DataType::List(_), Value::Array(items)) => {
            let list = array.as_list::<i32>();
            !null
                && list.value(row).len() == items.len()
                && items
                    .iter()
                    .enumerate()
                    .all(|(at, item)| agrees(item, &list.value(row), at))
        }
        _ => null,
    }
}

/// serde_json's own reading of a float may be off in the last place.
fn close(expected: Option<f64>, read: f64, tolerance: f64) -> bool {
    expected.is_some_and(|e| e == read || (e - read).abs() <= tolerance * e.abs().max(1e-30))
}

const WIDE: &str = "a STRING, b BIGINT, c STRUCT<d STRING, e ARRAY<STRUCT<f INT, g DOUBLE>>, a FLOAT>, \
     t BOOLEAN, l ARRAY<INT>, d DOUBLE, z FLOAT";

fn any_schema() -> impl Strategy<Value = &'static str> {
    let mut schemas = SCHEMAS.to_vec();
    schemas.extend([WIDE, "ARRAY<STRUCT<a STRUCT<a INT>, b STRING, t BOOLEAN>>"]);
    prop::sample::select(schemas)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn values_are_those_of_serde_json(
        text in prop_oneof![
            4 => any_json().prop_map(String::into_bytes),
            1 => any_bytes(),
        ],
        schema in any_schema(),
    ) {
        // What serde_json's values can't hold (half of a surrogate pair, 1e999) is left to the cases.
        let Ok(value) = serde_json::from_slice::<Value>(&text) else {
            return Ok(());
        };
        let array = from_json::parse(&BinaryArray::from_iter_values([&text]), &schema::parse(schema)?)?;
        prop_assert!(agrees(&value, &array, 0), "{} became {:?}", String::from_utf8_lossy(&text), array);
    }
}
