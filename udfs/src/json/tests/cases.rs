//! What each kind of text becomes.

use arrow::array::{BinaryArray, BinaryViewArray, LargeStringArray, StringArray, StringViewArray};

use crate::json::from_json::FromJson;
use crate::testing::{call, column, literal, rows};

fn parse(schema: &str, texts: &[&str]) -> Vec<String> {
    let texts = StringArray::from_iter_values(texts);
    let array = call(&FromJson::default(), [column(texts), literal(schema)]);
    array.map_or_else(|error| vec![error.to_string()], |array| rows(&array))
}

fn check(schema: &str, cases: &[(&str, &str)]) {
    let (texts, expected): (Vec<&str>, Vec<&str>) = cases.iter().copied().unzip();
    // All in one column, and each alone: no row may lean on the one before.
    assert_eq!(parse(schema, &texts), expected);
    for (text, expected) in cases {
        assert_eq!(parse(schema, &[text]), [*expected], "{text}");
    }
}

#[test]
fn objects_become_structs() {
    check(
        "a STRING, b BIGINT, c STRUCT<d STRING, e: INT>",
        &[
            (
                r#"{"a":"x","b":1,"c":{"d":"y","e":2}}"#,
                "{a: x, b: 1, c: {d: y, e: 2}}",
            ),
            (
                r#" { "c" : { "e" : 2 } , "b" : 1 } "#,
                "{a: , b: 1, c: {d: , e: 2}}",
            ),
            (
                r#"{"u":[{"a":"no"}],"a":"x","v":{"a":1}}"#,
                "{a: x, b: , c: }",
            ),
            ("{}", "{a: , b: , c: }"),
            (r#"{"c":null}"#, "{a: , b: , c: }"),
            (r#"{"A":"x","a ":"y"}"#, "{a: , b: , c: }"),
            (r#"{"\u0061":"x"}"#, "{a: x, b: , c: }"),
            (r#"{"\ud800":"x","b":3}"#, "{a: , b: 3, c: }"),
        ],
    );
}

#[test]
fn text_that_is_no_object_is_null_as_a_whole() {
    let broken = [
        "",
        " ",
        "null",
        "1",
        "\"a\"",
        "[]",
        "[{\"a\":\"x\"}]",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1}x",
        "{\"a\":1} {}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":tru}",
        "{\"a\":TRUE}",
        "{\"a\":nul}",
        "{\"a\":NaN}",
        "{\"a\":\"x}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"z\":\"\u{1}\"}",
        "{\"z\":[1,2}",
        "{\"z\":{]}",
        "\u{feff}{}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "{1:1}",
        "{\"a\":\"x\\\"}",
    ];
    let cases: Vec<_> = broken.iter().map(|&text| (text, "NULL")).collect();
    check("a STRING, b BIGINT", &cases);
}

#[test]
fn a_broken_row_leaves_its_neighbours_alone() {
    assert_eq!(
        parse(
            "ARRAY<STRUCT<a STRING, b ARRAY<INT>>>",
            &[
                r#"[{"a":"1","b":[1]}]"#,
                r#"[{"a":"2","b":[2]},{"a":"3","b":[3,"#,
                r#"[{"a":"4","b":[4]},null,{"b":[]}]"#,
            ]
        ),
        [
            "[{a: 1, b: [1]}]",
            "NULL",
            "[{a: 4, b: [4]}, , {a: , b: []}]"
        ]
    );
}

#[test]
fn a_value_of_another_type_is_null_in_its_field() {
    check(
        "s STRUCT<a INT>, l ARRAY<INT>, i INT, b BIGINT, f FLOAT, d DOUBLE, t BOOLEAN, x INT",
        &[
            (
                r#"{"s":[1],"l":{"a":1},"i":"1","b":true,"f":"1.5","d":[],"t":"true","x":7}"#,
                "{s: , l: , i: , b: , f: , d: , t: , x: 7}",
            ),
            (
                r#"{"s":1,"l":1,"i":1.0,"b":1e2,"f":{},"d":false,"t":1,"x":7}"#,
                "{s: , l: , i: , b: , f: , d: , t: , x: 7}",
            ),
            (
                r#"{"i":2147483648,"b":9223372036854775808,"f":1e39,"d":1e309,"l":[1,"2",null,3],"x":7}"#,
                "{s: , l: [1, , , 3], i: , b: , f: , d: , t: , x: 7}",
            ),
            (
                r#"{"i":-2147483648,"b":-9223372036854775808,"f":-1.5,"d":-0.0,"t":false,"l":[],"x":7}"#,
                "{s: , l: [], i: -2147483648, b: -9223372036854775808, f: -1.5, d: -0.0, t: false, x: 7}",
            ),
        ],
    );
}

#[test]
fn text_takes_what_is_no_string_as_it_stands() {
    check(
        "a STRING",
        &[
            (r#"{"a":1.50}"#, "{a: 1.50}"),
            (
                r#"{"a":12345678901234567890123}"#,
                "{a: 12345678901234567890123}",
            ),
            (r#"{"a": true }"#, "{a: true}"),
            (
                r#"{"a":{"b": [1, "\u0041"]}}"#,
                r#"{a: {"b": [1, "\u0041"]}}"#,
            ),
            (r#"{"a":[ ]}"#, "{a: [ ]}"),
            (r#"{"a":""}"#, "{a: }"),
        ],
    );
}

#[test]
fn escapes_are_resolved_and_half_pairs_are_null() {
    check(
        "a STRING, b STRING",
        &[
            (
                r#"{"a":"\"\\\/\u6587\ud83d\ude00","b":"文😀"}"#,
                "{a: \"\\/文😀, b: 文😀}",
            ),
            (r#"{"a":"x\ud83d","b":"y"}"#, "{a: , b: y}"),
        ],
    );
}

#[test]
fn the_last_of_equal_keys_counts() {
    check(
        "a STRING, l ARRAY<STRUCT<b INT>>, s STRUCT<c INT, d INT>",
        &[
            (r#"{"a":"x","a":"y"}"#, "{a: y, l: , s: }"),
            (r#"{"a":"x","a":null}"#, "{a: , l: , s: }"),
            (r#"{"a":"x","\u0061":"z"}"#, "{a: z, l: , s: }"),
            (
                r#"{"l":[{"b":1},{"b":2,"b":3}],"l":[{"b":4}]}"#,
                "{a: , l: [{b: 4}], s: }",
            ),
            (
                r#"{"s":{"c":1,"c":2},"a":"x","s":{"d":3}}"#,
                "{a: x, l: , s: {c: , d: 3}}",
            ),
            (r#"{"s":{"c":1},"s":7}"#, "{a: , l: , s: }"),
        ],
    );
}

#[test]
fn nesting_has_a_limit() {
    let deep = |levels: usize| format!("{{\"z\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(parse("a INT", &[&deep(63)]), ["{a: }"]);
    assert_eq!(parse("a INT", &[&deep(64)]), ["NULL"]);
    assert_eq!(parse("a INT", &[&deep(1_000_000)]), ["NULL"]);
}

#[test]
fn keys_in_another_order_are_found() {
    let texts = [
        r#"{"a":1,"b":2,"c":3}"#,
        r#"{"c":3,"b":2,"a":1}"#,
        r#"{"a":1,"x":0,"b":2,"y":0,"c":3}"#,
        r#"{"ab":9,"a":1,"c":3,"b":2}"#,
        r#"{"b":2,"c":3,"a":1}"#,
    ];
    assert_eq!(
        parse("a INT, b INT, c INT", &texts),
        ["{a: 1, b: 2, c: 3}"; 5]
    );
}

#[test]
fn every_layout_of_text_and_bytes_is_read() {
    let text = r#"{"a":1}"#;
    let inputs = [
        column(LargeStringArray::from_iter_values([text])),
        column(StringViewArray::from_iter_values([text])),
        column(BinaryArray::from_iter_values([text])),
        column(BinaryViewArray::from_iter_values([text])),
        literal(text),
    ];
    for input in inputs {
        let array = call(&FromJson::default(), [input, literal("a INT")]);
        assert_eq!(
            array.map(|array| rows(&array)).ok(),
            Some(vec!["{a: 1}".to_string()])
        );
    }
    let bytes = BinaryArray::from_opt_vec(vec![
        Some(b"{\"a\":1,\"z\":\"\xFF\"}"),
        Some(b"{\"\xC3\":1}"),
        None,
    ]);
    let array = call(&FromJson::default(), [column(bytes), literal("a INT")]);
    assert_eq!(
        array.map(|array| rows(&array)).ok(),
        Some(vec!["NULL".to_string(); 3])
    );
}

#[test]
fn the_schema_must_be_a_literal() {
    let schemas = StringArray::from(vec!["a INT"]);
    let error = call(
        &FromJson::default(),
        [column(schemas.clone()), column(schemas)],
    );
    assert!(error.is_err_and(|error| error.to_string().contains("must be a string literal")));
    assert!(parse("a WHAT", &["{}"])[0].contains("needs a type"));
}
