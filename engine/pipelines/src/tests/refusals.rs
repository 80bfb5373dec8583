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
            "SELECT # FROM logs PREWHERE at IS NULL",
            "3:101: PREWHERE is refused in a pipeline; ROW-LOCAL",
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
fn what_only_the_plan_refuses() {
    let left_join = "write LEFT JOIN dimension d ON d.key = expression";
    let cases = [
        ("SELECT # FROM logs HAVING at IS NULL", "HAVING"),
        ("SELECT # FROM logs QUALIFY at IS NULL", "QUALIFY"),
        ("SELECT # FROM logs FETCH FIRST 5 ROWS ONLY", "FETCH"),
        (
            "SELECT # FROM logs DISTRIBUTE BY at",
            "in Repartition: is refused",
        ),
        ("SELECT # FROM logs, apps", left_join),
        (
            "SELECT # FROM logs, LATERAL (SELECT logs.received AS r) AS m",
            left_join,
        ),
        (
            "SELECT # FROM (logs JOIN apps ON apps.app = l.value.a)",
            left_join,
        ),
        (
            "SELECT # FROM logs, UNNEST(make_array(1, 2)) AS m",
            left_join,
        ),
    ];
    for (select, expected) in cases {
        let said = refused(&select.replace('#', COLUMNS));
        assert!(
            said.len() == 1 && said[0].contains(expected),
            "{select}: {said:?}"
        );
    }
    let said = pipeline_faults(
        "INSERT INTO seen WITH RECURSIVE r AS (
             SELECT 'p' AS product, 'd' AS device, 1 AS n, received AS at FROM raw
             UNION ALL SELECT product, device, n + 1 AS n, at FROM r WHERE n < 3)
         SELECT product, device, n, at FROM r",
    );
    assert!(said[0].contains("is refused in a pipeline"), "{said:?}");
    let said = pipeline_faults(
        "INSERT INTO seen SELECT 'p' AS product, 'd' AS device, m AS n, received AS at
         FROM (SELECT received, m FROM raw, UNNEST(make_array(1, 2)) AS u(m)) AS x",
    );
    assert!(said[0].contains("JOIN"), "{said:?}");
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
fn quotes_and_other_names_of_a_function_change_nothing() {
    let at =
        |at: &str| format!("SELECT 'p' AS product, 'd' AS device, 1 AS n, {at} AS at FROM raw");
    let changes = "gives another value each time and is refused in a pipeline";
    for (call, told) in [
        ("\"now\"()", format!("now() {changes}")),
        (
            "current_timestamp",
            format!("current_timestamp() {changes}"),
        ),
        (
            "current_timestamp()",
            format!("current_timestamp() {changes}"),
        ),
        (
            "to_timestamp_micros(\"random\"())",
            format!("random() {changes}"),
        ),
    ] {
        let said = refused(&at(call));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&told), "{said:?}");
        assert!(said[0].starts_with("pipelines/p.sql:3:"), "{said:?}");
    }
    let raising = "CAST(\"aes_decrypt\"(value, 'm7') AS STRING)";
    let said = refused(&at("received").replace("'d'", raising));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("aes_decrypt() raises on a bad row"),
        "{said:?}"
    );
    let said = pipeline_faults(
        "INSERT INTO seen WITH logs AS (SELECT received, \"unnest\"(elements(headers)) AS l FROM raw)
         SELECT 'p' AS product, 'd' AS device, 1 AS n, received AS at FROM logs",
    );
    assert!(
        said[0].contains("unnest() is refused in a pipeline"),
        "{said:?}"
    );
    plan(&format!(
        "INSERT INTO seen {} SELECT {COLUMNS} FROM logs",
        LOGS.replace("unnest_outer(elements(", "\"unnest_outer\"(\"elements\"(")
    ));
}

#[test]
fn joins_other_than_to_a_dimension_on_its_key() {
    let help = "; write LEFT JOIN dimension d ON d.key = expression";
    let joined = |join: &str| refused(&format!("SELECT {COLUMNS} FROM logs {join}"));
    let told =
        |place: &str, message: &str| vec![format!("pipelines/p.sql:{place}: {message}{help}")];
    for join in ["JOIN", "CROSS JOIN", "RIGHT JOIN", "FULL JOIN"] {
        let on = if join == "CROSS JOIN" {
            ""
        } else {
            " ON p.app = l.value.a"
        };
        assert_eq!(
            joined(&format!("{join} apps p{on}")),
            told(
                &format!("3:{}", 93 + join.len()),
                "a join other than LEFT JOIN is refused in a pipeline"
            )
        );
    }
    for on in [
        "p.product = l.value.a",
        "p.app = l.value.a AND l.value.n > 1",
        "CAST(p.app AS BIGINT) = l.value.n",
    ] {
        assert_eq!(
            joined(&format!("LEFT JOIN apps p ON {on}")),
            told("3:102", "must compare apps's key app and nothing else")
        );
    }
    let select = "SELECT 'p' AS product, 'd' AS device, 1 AS n, logs.received AS at";
    assert_eq!(
        refused(&format!(
            "{select} FROM logs LEFT JOIN logs m ON m.received = logs.received"
        )),
        told("3:87", "joins something that is not a dimension")
    );
    assert_eq!(
        refused(&format!(
            "{select} FROM apps LEFT JOIN logs ON logs.l.value.a = apps.app"
        )),
        told("3:87", "joins something that is not a dimension")
    );
}

#[test]
fn columns_that_do_not_fit_the_sink() {
    assert_eq!(
        refused("SELECT l.value.a AS products, l.value.d AS device, received AS at FROM logs"),
        [
            "pipelines/p.sql: in SELECT: seen has columns that the query lacks: product, n; the query \
          has columns that seen lacks: products; columns are matched by name; write NULL AS name \
          for one that has no value; take out a surplus one, or declare it in the table"
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
fn only_instants_go_into_times() {
    let told = |at: &str| {
        refused(&format!(
            "SELECT 'p' AS product, 'd' AS device, 1 AS n, {at} AS at FROM logs"
        ))
    };
    for at in ["l.value.n", "l.value.a", "CAST(l.value.a AS DATE)", "1.5"] {
        let said = told(at);
        assert_eq!(said.len(), 1, "{at}: {said:?}");
        assert!(
            said[0].contains("column at is ")
                && said[0].contains("names no instant")
                && said[0].contains("event_time(created, sent, received)"),
            "{at}: {said:?}"
        );
    }
    for at in [
        "NULL",
        "event_time(l.value.n, NULL, received)",
        "to_timestamp_millis(l.value.n) AT TIME ZONE 'UTC'",
        "arrow_cast(l.value.n, 'Timestamp(Millisecond, Some(\"UTC\"))')",
    ] {
        assert_eq!(told(at), Vec::<String>::new(), "{at}");
    }
}

#[test]
fn only_instants_go_into_times_at_any_depth() {
    const NESTED: (&str, &str) = (
        "tables/nested.sql",
        "CREATE EXTERNAL TABLE nested (s STRUCT<at TIMESTAMP, n BIGINT>, l ARRAY<TIMESTAMP>, t STRING)
         STORED AS DELTA LOCATION 'nested'",
    );
    let told = |s: &str, l: &str, t: &str| {
        let sql = format!("INSERT INTO nested SELECT {s} AS s, {l} AS l, {t} AS t FROM raw");
        faults(&[SOURCE, NESTED, ("pipelines/p.sql", &sql)])
    };
    let (s, l, t) = (
        "named_struct('at', received, 'n', 1)",
        "make_array(received)",
        "'t'",
    );
    assert_eq!(told(s, l, t), Vec::<String>::new());
    let naive = "to_timestamp_millis(\"offset\")";
    for (s, l, column) in [
        ("named_struct('at', \"offset\", 'n', 1)", l, "s is Int64"),
        ("named_struct('n', 1, 'at', 'x')", l, "s is Utf8"),
        (s, "make_array(\"offset\")", "l is Int64"),
        (
            &format!("named_struct('at', {naive}, 'n', 1)"),
            l,
            "s holds a time without a zone",
        ),
        (
            &format!("named_struct('at', received, 'n', {naive})"),
            l,
            "s holds a time without a zone",
        ),
        (
            s,
            &format!("make_array({naive})"),
            "l holds a time without a zone",
        ),
    ] {
        let said = told(s, l, t);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&format!("column {column}")), "{said:?}");
    }
}

#[test]
fn a_part_of_with_may_have_the_name_of_what_it_reads() {
    let said = pipeline_faults(
        "INSERT INTO seen WITH raw AS (SELECT value, received FROM raw),
         apps AS (SELECT * FROM raw)
         SELECT CAST(value AS STRING) AS product, 'd' AS device, 1 AS n, received AS at FROM apps",
    );
    assert_eq!(said, Vec::<String>::new());
    // Behind its query, the name means the table again.
    assert_eq!(
        pipeline_faults(
            "INSERT INTO seen SELECT p.product, 'd' AS device, 1 AS n, received AS at
             FROM (WITH apps AS (SELECT received, CAST(key AS STRING) AS k FROM raw)
                   SELECT received, k FROM apps) AS r
             LEFT JOIN apps p ON p.app = r.k",
        ),
        Vec::<String>::new()
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
