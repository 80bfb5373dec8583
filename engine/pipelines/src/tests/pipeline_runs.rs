//! Pipelines on micro-batches: elements, filters, rejects, NOT NULL, names, lookups.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use dimensions::NoDimensions;

use super::*;

fn seen(select: &str) -> PipelinePlan {
    plan(&format!("INSERT INTO seen {LOGS} {select}"))
}

#[test]
fn a_list_becomes_one_row_an_element_and_an_empty_one_becomes_one_dead_letter() {
    let plan = seen(
        "SELECT l.value.a AS product, l.value.d AS device, l.value.n AS n, received AS at,
         CASE WHEN l.value IS NULL THEN 'malformed' END AS reject FROM logs",
    );
    let input = records(&[
        Some(r#"[{"a":"x","d":"1","n":2},{"a":"y","d":"2"}]"#),
        Some("[]"),
        None,
        Some(r#"[null,{"d":"3"}]"#),
        Some("{"),
    ]);
    let output = run(&plan, &input, &NoDimensions);
    assert_eq!(accepted(&output), [(0, 0), (0, 1), (3, 1)]);
    assert_eq!(strings(&output.rows, "product"), ["x", "y", "-"]);
    let n = output.rows["n"].as_primitive::<Int64Type>();
    assert_eq!((n.value(0), n.is_null(1)), (2, true));
    let at = output.rows["at"].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(at.value(2), RECEIVED_US + 3_000);
    let malformed = |row, element| (row, element, "malformed".to_owned());
    let mut letters = letters(&output);
    letters.sort();
    let expected = [
        malformed(1, -1),
        malformed(2, -1),
        malformed(3, 0),
        malformed(4, -1),
    ];
    assert_eq!(letters, expected);
    assert_eq!(output.produced.len(), 7);
}

#[test]
fn one_element_a_record_hands_columns_on_as_they_are() {
    let plan = seen(
        "SELECT l.value.a AS product, l.value.d AS device, NULL AS n, received AS at FROM logs",
    );
    let output = run(
        &plan,
        &records(&[Some(r#"[{"d":"1"}]"#), Some(r#"[{"d":"2"}]"#)]),
        &NoDimensions,
    );
    assert_eq!(accepted(&output), [(0, 0), (1, 0)]);
    assert_eq!(strings(&output.rows, "device"), ["1", "2"]);
    assert!(output.rejects.row.is_empty());
}

#[test]
fn where_puts_aside_what_is_not_true_and_counts_elements() {
    let plan = plan(
        "INSERT INTO seen
         WITH first AS (SELECT * FROM raw WHERE received <> TIMESTAMP '2026-01-01T00:00:00Z'),
         logs AS (SELECT received, unnest_outer(elements(from_json(value,
             'ARRAY<STRUCT<a STRING, d STRING, n BIGINT>>'))) AS l FROM first)
         SELECT l.value.a AS product, l.value.d AS device, l.value.n AS n, received AS at,
             'no' AS reject FROM logs WHERE l.value.n > 1",
    );
    let element = r#"[{"d":"1","n":5},{"d":"2","n":0},{"d":"3"}]"#;
    let output = run(
        &plan,
        &records(&[Some(element), Some(element), None]),
        &NoDimensions,
    );
    let mut filtered: Vec<(u32, i32)> = (output.filtered.row.values().iter().copied())
        .zip(output.filtered.element.values().iter().copied())
        .collect();
    filtered.sort_unstable();
    let expected = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, -1)];
    assert_eq!(
        filtered, expected,
        "a record put aside before the unnest counts its elements"
    );
    assert_eq!(
        letters(&output),
        [(1, 0, "no".to_owned())],
        "WHERE comes before reject"
    );
    assert_eq!(output.produced.len(), 7);
}

#[test]
fn a_null_in_a_not_null_column_makes_a_dead_letter_unless_the_query_says_why_first() {
    let plan = seen(
        "SELECT l.value.a AS product, l.value.d AS device, l.value.n AS n, received AS at,
         CASE WHEN l.value.n = 1 THEN 'one' END AS reject FROM logs",
    );
    let input = records(&[Some(r#"[{"n":1},{"n":2},{"d":"x","n":1},{"d":"y"}]"#)]);
    let output = run(&plan, &input, &NoDimensions);
    let expected = [(0, 0, "one"), (0, 1, "null in device"), (0, 2, "one")]
        .map(|(row, element, reason)| (row, element, reason.to_owned()));
    assert_eq!(letters(&output), expected);
    assert_eq!(accepted(&output), [(0, 3)]);
}

#[test]
fn columns_are_matched_by_name_and_a_failed_cast_is_null() {
    let plan = seen(
        "SELECT received AS at, l.value.a AS n, CAST(l.value.d AS INT) AS product,
         l.value.d AS device FROM logs",
    );
    let input = records(&[Some(r#"[{"a":"17","d":"4"},{"a":"many","d":"x"}]"#)]);
    let output = run(&plan, &input, &NoDimensions);
    let n = output.rows["n"].as_primitive::<Int64Type>();
    assert_eq!((n.value(0), n.is_null(1)), (17, true));
    assert_eq!(strings(&output.rows, "product"), ["4", "-"]);
}

#[test]
fn a_dimension_is_joined_as_it_stands_at_each_micro_batch() {
    let plan = seen(
        "SELECT p.product, l.value.d AS device, l.value.n AS n, received AS at
         FROM logs LEFT JOIN apps p ON l.value.a = p.app",
    );
    let input = records(&[Some(
        r#"[{"a":"k2","d":"1"},{"a":"k1","d":"2"},{"a":"k1","d":"3"},{"a":"k9","d":"4"},{"d":"5"}]"#,
    )]);
    let output = run(&plan, &input, &apps());
    assert_eq!(
        strings(&output.rows, "product"),
        ["reader", "browser", "browser", "-", "-"]
    );
    assert_eq!(strings(&output.rows, "device"), ["1", "2", "3", "4", "5"]);
    let mut changed = Fixed::new([("app", &["k9"]), ("product", &["music"])]);
    changed.version = 2;
    let output = run(&plan, &input, &changed);
    assert_eq!(
        strings(&output.rows, "product"),
        ["-", "-", "-", "music", "-"]
    );
}

#[test]
fn a_dimension_that_is_not_read_yet_stops_the_batch_and_not_its_rows() {
    let plan = seen(
        "SELECT p.product, l.value.d AS device, NULL AS n, received AS at
         FROM logs LEFT JOIN apps p ON p.app = l.value.a",
    );
    let input = records(&[Some(r#"[{"d":"1"}]"#)]);
    let error = futures::executor::block_on(plan.run(&input, &NoDimensions)).unwrap_err();
    assert_eq!(error.kind, common::Kind::Unavailable);
    assert_eq!(error.to_string(), "dimension apps has not been read yet");
}

#[test]
fn a_record_is_an_element_where_nothing_is_unnested() {
    let plan = plan(
        "INSERT INTO seen SELECT CAST(NULL AS STRING) AS product, CAST(value AS STRING) AS device,
         \"offset\" AS n, received AS at FROM raw",
    );
    let output = run(
        &plan,
        &records(&[Some("a"), None, Some("b")]),
        &NoDimensions,
    );
    assert_eq!(accepted(&output), [(0, -1), (2, -1)]);
    assert_eq!(letters(&output), [(1, -1, "null in device".to_owned())]);
}

#[test]
fn ten_thousand_runs_of_a_plan_leave_nothing_behind_in_it() {
    let plan = seen(
        "SELECT p.product, l.value.d AS device, l.value.n AS n, received AS at
         FROM logs LEFT JOIN apps p ON l.value.a = p.app WHERE l.value.n > 0",
    );
    let input = records(&[Some(r#"[{"a":"k1","d":"1","n":1},{"n":0}]"#), None]);
    let apps = apps();
    run(&plan, &input, &apps);
    let before = format!("{plan:?}").len();
    for _ in 0..10_000 {
        assert_eq!(run(&plan, &input, &apps).rows.num_rows(), 1);
    }
    assert_eq!(format!("{plan:?}").len(), before);
    let empty = run(&plan, &records(&[]), &apps);
    assert_eq!((empty.rows.num_rows(), empty.produced.len()), (0, 0));
}

#[test]
fn a_record_that_an_expression_raises_on_is_a_dead_letter_and_the_others_go_on() {
    let plan = seen(
        "SELECT l.value.a AS product, l.value.d AS device, 10 / l.value.n AS n, received AS at
         FROM logs",
    );
    let input = records(&[
        Some(r#"[{"d":"1","n":5},{"d":"2","n":2}]"#),
        Some(r#"[{"d":"3","n":1},{"d":"4","n":0}]"#),
        Some(r#"[{"d":"5"},{"n":1}]"#),
        Some("[]"),
    ]);
    let output = run(&plan, &input, &NoDimensions);
    assert_eq!(accepted(&output), [(0, 0), (0, 1), (2, 0)]);
    let mut letters = letters(&output);
    letters.sort();
    let expected = [
        (1, -1, "cannot evaluate"),
        (2, 1, "null in device"),
        (3, -1, "null in device"),
    ]
    .map(|(row, element, reason)| (row, element, reason.to_owned()));
    assert_eq!(letters, expected);
    assert_eq!(output.produced.len(), 6);
}
