//! Broken input: no panic, and the same verdict as another parser.

use arrow::array::{Array, BinaryArray};
use proptest::prelude::*;
use serde::de::IgnoredAny;

use crate::json::{from_json, schema};
use crate::testing::assert_null_to_the_bottom;

pub(super) const SCHEMAS: [&str; 4] = [
    "a STRING, b BIGINT, c STRUCT<d STRING, e ARRAY<STRUCT<f INT, g DOUBLE>>>, t BOOLEAN",
    "ARRAY<STRUCT<a STRING, c STRUCT<d STRING, e INT>, l ARRAY<STRING>>>",
    "ARRAY<ARRAY<STRUCT<a ARRAY<INT>>>>",
    "a STRUCT<b STRUCT<c STRUCT<d INT, e STRING>>>",
];

/// Text that is nearly JSON: its pieces in any order.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\":",
        "\"c\":{",
        "\"d\":",
        "\"e\":[",
        "\"l\":[",
        "null",
        "true",
        "false",
        "1",
        "-2.5",
        "1e5",
        "\"x\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\ud800\"",
        " ",
        "\"",
        "\\",
        "0",
        "文",
    ]);
    prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat().into_bytes())
}

/// JSON in which a few bytes were changed, left out or cut off.
fn damaged_json() -> impl Strategy<Value = Vec<u8>> {
    let texts = prop::sample::select(vec![
        r#"{"a":"x\u0041\n","b":12,"c":{"d":"y","e":[{"f":1,"g":2.5e3},null]},"t":true,"z":[{"q":[]}]}"#,
        r#"[{"a":"x","c":{"d":"y","e":2},"l":["p",1,{"r": null}]},{"a":"x","a":null},{}]"#,
        r#"[[{"a":[1,2,3]},{"a":[]}],[],[null]]"#,
        r#"{"a":{"b":{"c":{"d":1,"e":"x"},"c":{"d":2}}},"a":{"b":null}}"#,
    ]);
    let damage = prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..4);
    (texts, damage).prop_map(|(text, damage)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, kind, byte) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes[at] = b"{}[],:\"\\0"[usize::from(byte) % 9],
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

pub(super) fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        nearly_json(),
        damaged_json(),
        prop::collection::vec(any::<u8>(), 0..60),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_give_a_row_that_is_null_to_the_bottom(
        texts in prop::collection::vec(prop::option::of(any_bytes()), 0..6),
        schema in prop::sample::select(SCHEMAS.to_vec()),
    ) {
        let data_type = schema::parse(schema)?;
        let texts = BinaryArray::from_iter(texts);
        let array = from_json::parse(&texts, &data_type)?;
        prop_assert_eq!(array.len(), texts.len());
        array.to_data().validate_full()?;
        assert_null_to_the_bottom(&array);
        // A row is what it would be alone.
        for row in 0..texts.len() {
            let alone = from_json::parse(&texts.slice(row, 1), &data_type)?;
            prop_assert_eq!(&alone, &array.slice(row, 1));
        }
    }

    #[test]
    fn text_is_json_exactly_if_serde_json_says_so(text in any_bytes()) {
        let grammatical = std::str::from_utf8(&text).is_ok()
            && serde_json::from_slice::<IgnoredAny>(&text).is_ok();
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
        for (schema, bracket) in [("zz INT", b'{'), ("a STRING, c STRUCT<d STRING>", b'{'), ("ARRAY<STRING>", b'[')] {
            let texts = BinaryArray::from_iter_values([&text]);
            let array = from_json::parse(&texts, &schema::parse(schema)?)?;
            prop_assert_eq!(array.is_valid(0), grammatical && first == Some(&bracket));
        }
    }
}
