//! What a pipeline can't have: each refusal with its place and its help.

use super::*;

const COLUMNS: &str = "l.value.a AS product, l.value.d AS device, l.value.n AS n, received AS at";

/// The fault of a query over LOGS, which begins on line 3 of its file.
fn refused(select: &str) -> Vec<String> {
    let logs = LOGS.replace('\n', " ");
    let told = pipeline_faults(&format!("-- A header.\nINSERT INTO seen {logs}\n{select}"));
    let row_local = "; a pipeline is row-local: projections, WHERE, unnest_outer(elements(…)) and \
                     LEFT JOIN to a dimension";
    told.iter()
        .map(|t| t.replace(row_local, "; ROW-LOCAL"))
        .collect()
}

#[track_caller]
fn assert_refused(select: &str, expected: &str) {
    assert_eq!(refused(select), [format!("pipelines/p.sql:{expected}")]);
}

#[test]
fn clauses_that_need_more_than_one_row() {
    let cases = [
        (
            "SELECT DISTINCT # FROM logs",
            "3:1: DISTINCT is refused in a pipeline; ROW-LOCAL",
        ),
        (
            "SELECT # FROM logs ORDER BY at",
            "3:101: ORDER BY is refused in a pipeline; ROW-LOCAL",
        ),
        (
            "SELECT # FROM logs LIMIT 5",
            "3:98: LIMIT is refused in a pipeline; ROW-LOCAL",
        ),
        (
            "SELECT # FROM logs WHERE l.value.n IN (SELECT offset FROM raw)",
            "3:98: a subquery is refused in a pipeline; ROW-LOCAL",
        ),
        (
            "SELECT # FROM logs UNION ALL SELECT # FROM logs",
            "3:1: UNION is refused in a pipeline; ROW-LOCAL",
        ),
    ];
    for (select, expected) in cases {
        assert_refused(&select.replace('#', COLUMNS), expected);
    }
}

#[test]
fn aggregates_and_windows() {
    assert_eq!(
        refused(
            "SELECT max(l.value.a) AS product, 'x' AS device, 1 AS n, received AS at FROM logs GROUP BY received"
        ),
        [
            "pipelines/p.sql:3:92: GROUP BY is refused in a pipeline; ROW-LOCAL",
            "pipelines/p.sql:3:8: max() is an aggregate, which is refused in a pipeline; ROW-LOCAL",
        ]
    );
    assert_refused(
        "SELECT l.value.a AS product, 'x' AS device, lag(l.value.n) OVER () AS n, received AS at FROM logs",
        "3:45: lag() is a window function, which is refused in a pipeline; ROW-LOCAL",
    );
}

#[test]
fn unnests_other_than_of_elements() {
    let with = |unnest: &str| {
        pipeline_faults(&format!(
            "INSERT INTO seen WITH logs AS (SELECT received,\n{unnest} AS l FROM raw)
             SELECT 'p' AS product, 'd' AS device, 1 AS n, received AS at FROM logs"
        ))
    };
    assert_eq!(
        with("unnest(elements(headers))"),
        [
            "pipelines/p.sql:2:1: unnest() is refused in a pipeline: it drops null and empty lists, and \
          a record would vanish; write unnest_outer(elements(…))"
        ]
    );
    assert_eq!(
        with("unnest_outer(headers)"),
        [
            "pipelines/p.sql:2:1: unnest_outer() takes elements(…) here; write \
          unnest_outer(elements(list)), which numbers the elements"
        ]
    );
    assert_eq!(
        with("unnest_outer(elements(headers)) AS m, unnest_outer(elements(headers))"),
        [
            "pipelines/p.sql:2:39: unnest_outer() stands twice on one path; an element has one index: \
          unnest once"
        ]
    );
}

#[test]
fn functions_that_raise_or_change() {
    assert_refused(
        "SELECT l.value.a AS product, now() AS at, 1 AS n, l.value.d AS device FROM logs",
        "3:30: now() gives another value each time and is refused in a pipeline; a record read again \
         must give the same row: use received",
    );
    assert_refused(
        "SELECT l.value.a AS product, received AS at, random() AS n, l.value.d AS device FROM logs",
        "3:46: random() gives another value each time and is refused in a pipeline; a record read \
         again must give the same row: use received",
    );
    assert_refused(
        "SELECT CAST(aes_decrypt(value, 'm7') AS STRING) AS product, 'd' AS device, 1 AS n, received AS at FROM raw",
        "3:13: aes_decrypt() raises on a bad row and is refused in a pipeline; write try_aes_decrypt",
    );
}

#[test]
fn joins_other_than_to_a_dimension_on_its_key() {
    let help = "; write LEFT JOIN dimension d ON d.key = expression";
    let joined = |join: &str| refused(&format!("SELECT {COLUMNS} FROM logs {join}"));
    let told = |message: &str| vec![format!("pipelines/p.sql: in JOIN: {message}{help}")];
    assert_eq!(
        joined("JOIN apps p ON p.app = l.value.a"),
        told("Inner JOIN is refused in a pipeline")
    );
    assert_eq!(
        joined("LEFT JOIN apps p ON p.product = l.value.a"),
        told("must compare apps's key app and nothing else")
    );
    assert_eq!(
        joined("LEFT JOIN apps p ON p.app = l.value.a AND l.value.n > 1"),
        told("must compare apps's key app and nothing else")
    );
    let select = "SELECT 'p' AS product, 'd' AS device, 1 AS n, logs.received AS at";
    assert_eq!(
        refused(&format!(
            "{select} FROM logs LEFT JOIN logs m ON m.received = logs.received"
        )),
        told("joins something that is not a dimension")
    );
    assert_eq!(
        refused(&format!(
            "{select} FROM apps LEFT JOIN logs ON logs.l.value.a = apps.app"
        )),
        [
            "pipelines/p.sql: in FROM: apps is a dimension; read a source, and LEFT JOIN the dimension \
          on its key"
        ]
    );
}

#[test]
fn columns_that_do_not_fit_the_sink() {
    assert_eq!(
        refused("SELECT l.value.a AS products, l.value.d AS device, received AS at FROM logs"),
        [
            "pipelines/p.sql: in SELECT: seen has columns that the query lacks: product, n; the query \
          has columns that seen lacks: products; columns are matched by name: write NULL AS name \
          for one that has no value"
        ]
    );
    assert_eq!(
        refused(
            "SELECT l.value.a AS product, l.value.d AS device, l.value AS n, received AS at FROM logs"
        ),
        [
            "pipelines/p.sql: in SELECT: column n is Struct(\"a\": Utf8, \"d\": Utf8, \"n\": Int64), \
          which can't become Int64"
        ]
    );
    assert_eq!(
        refused(
            "SELECT 'p' AS product, 'd' AS device, 1 AS n, to_timestamp_millis(l.value.n) AS at FROM logs"
        ),
        [
            "pipelines/p.sql: in SELECT: column at is a time without a zone: times are instants in UTC, \
          such as received and event_time() give"
        ]
    );
}

#[test]
fn names_that_do_not_exist_have_a_place_and_a_near_name() {
    assert_refused(
        "SELECT l.value.a AS product, l.value.d AS device, l.value.n AS n, recieved AS at FROM logs",
        "3:67: no field named recieved; did you mean received?",
    );
    assert_refused(
        "SELECT l.value.a AS product, canonical_devise(l.value.d) AS device, l.value.n AS n, received AS at FROM logs",
        "3:30: invalid function 'canonical_devise'; did you mean canonical_device?",
    );
    assert_eq!(
        pipeline_faults("INSERT INTO sean\nSELECT 1 AS n FROM rwa"),
        [
            "pipelines/p.sql:1:13: table sean does not exist; did you mean seen?",
            "pipelines/p.sql:2:20: table rwa does not exist; did you mean raw?",
        ]
    );
    assert_eq!(
        pipeline_faults("INSERT INTO seen SELECT 1 AS n FROM system.raw"),
        [
            "pipelines/p.sql:1:37: name system.raw is qualified; write the name alone: which schema it \
          is bound to is decided by the engine"
        ]
    );
}
