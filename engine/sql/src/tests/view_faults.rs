//! Metrics: what their names, types and order must be.

use super::*;

fn view(sql: &str) -> Vec<String> {
    faults(&[TABLE, ("metrics/v.sql", sql)])
}

#[test]
fn a_metric_reads_tables_and_other_metrics_by_their_names_alone() {
    assert_eq!(
        view("CREATE VIEW v AS SELECT product\nFROM public.seen"),
        [
            "metrics/v.sql:2:6: name public.seen is qualified; write the name alone: which schema it is \
          bound to is decided by the engine"
        ]
    );
    assert_eq!(
        view("CREATE VIEW v AS SELECT product FROM sean"),
        ["metrics/v.sql:1:38: table sean does not exist; did you mean seen?"]
    );
    let told = faults(&[
        SOURCE,
        ("metrics/v.sql", "CREATE VIEW v AS SELECT offset FROM raw"),
    ]);
    assert_eq!(
        told,
        [
            "metrics/v.sql:1:37: raw is a source, which is not kept as a table; known: archive, \
          dead_letters, source_progress, v"
        ]
    );
}

#[test]
fn a_metric_gives_types_that_every_client_reads() {
    assert_eq!(
        view(
            "CREATE VIEW v AS SELECT to_timestamp_millis(n) AS at, arrow_cast(n, 'UInt8') AS u
              FROM seen"
        ),
        [
            "metrics/v.sql: in SELECT: column at (Timestamp(ms)) is a time without a zone: times are \
             instants in UTC, from received, event_time() or a TIMESTAMP column",
            "metrics/v.sql: in SELECT: column u (UInt8) has no counterpart in Delta and in every \
             client: cast it",
        ]
    );
}

#[test]
fn a_planning_error_has_its_place() {
    assert_eq!(
        view("CREATE VIEW v AS\nSELECT produkt FROM seen"),
        ["metrics/v.sql:2:8: no field named produkt; did you mean product?"]
    );
}

#[test]
fn metrics_come_after_those_that_they_read_and_never_in_a_circle() {
    let reads =
        |name: &str, from: &str| format!("CREATE VIEW {name} AS SELECT product FROM {from}");
    let configuration = configuration(&[
        TABLE,
        ("metrics/a.sql", &reads("a", "b")),
        ("metrics/b.sql", &reads("b", "c")),
        ("metrics/c.sql", &reads("c", "seen")),
    ]);
    let order: Vec<&str> = configuration.views.iter().map(|v| &*v.name).collect();
    assert_eq!(order, ["c", "b", "a"]);
    let told = faults(&[
        ("metrics/a.sql", &reads("a", "b")),
        ("metrics/b.sql", &reads("b", "a")),
    ]);
    assert_eq!(
        told,
        ["metrics/a.sql: in FROM: metrics read each other in a circle: a, b"]
    );
}

#[test]
fn a_metric_that_reads_a_faulty_one_is_passed_over() {
    let told = faults(&[
        TABLE,
        ("metrics/a.sql", "CREATE VIEW a AS SELECT nothing FROM seen"),
        ("metrics/b.sql", "CREATE VIEW b AS SELECT nothing FROM a"),
    ]);
    assert_eq!(told.len(), 1, "{told:?}");
}
