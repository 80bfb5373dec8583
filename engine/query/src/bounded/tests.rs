//! What is made or taken is worked out as the functions do it, and refused where it is too much.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;

use super::*;
use crate::Interrupt;

const MEMORY_BYTES_MAX: usize = 640_000;

fn session() -> SessionContext {
    let ctx = SessionContext::new();
    let mut state = ctx.state();
    install(&mut state, MEMORY_BYTES_MAX).unwrap();
    SessionContext::new_with_state(state)
}

async fn run(sql: &str) -> Result<usize> {
    let batches = session().sql(sql).await?.collect().await?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

async fn refused(sql: &str) {
    let error = run(sql).await.err();
    let said = error.map(|e| e.to_string()).unwrap_or_default();
    assert!(
        said.contains("are allowed, the ") && said.contains(" part of query.memory_bytes_max"),
        "{sql}: {said:?}"
    );
}

#[tokio::test]
async fn much_from_little_is_refused() {
    for sql in [
        "SELECT length(repeat('a', 2000000000))",
        "SELECT length(repeat('a', 9223372036854775807))",
        "SELECT length(repeat('a', 10001))",
        "SELECT length(concat(repeat('a', 6000), repeat('b', 6000)))",
        "SELECT length(concat(a, repeat('b', 9000), repeat('c', 9000), repeat('d', 9000))) \
         FROM (VALUES ('a'), ('b'), ('c')) t (a)",
        "SELECT length(concat_ws(repeat(',', 6000), 'a', 'b', 'c'))",
        "SELECT length(array_to_string(range(n), repeat(',', 1000))) FROM (VALUES (100)) t (n)",
        "SELECT array_length(array_concat(range(n), range(n))) FROM (VALUES (5100)) t (n)",
        "SELECT length(repeat(a, 40001)) FROM (VALUES ('a'), ('b'), (NULL)) t (a)",
        "SELECT length(lpad('a', 2000000000))",
        "SELECT length(rpad(a, n, 'xy')) FROM (VALUES ('a', 2000000000)) t (a, n)",
        "SELECT length(replace(a, 'a', repeat('b', 1000))) FROM (VALUES (repeat('a', 1000))) t (a)",
        "SELECT array_length(range(0, 5000000000))",
        "SELECT array_length(range(-9223372036854775807, 9223372036854775807))",
        "SELECT array_length(generate_series(10000, 0, -1))",
        "SELECT array_length(range(TIMESTAMP '2026-01-01', TIMESTAMP '2026-12-31', \
         INTERVAL '1' SECOND))",
        "SELECT array_length(range(DATE '0001-01-01', DATE '9999-01-01', INTERVAL '1' DAY))",
        "SELECT array_length(array_repeat(1, 3000000000))",
        "SELECT array_length(array_repeat(array_repeat('abcdefgh', 1000), 1000))",
        "SELECT array_length(array_resize([1, 2], 3000000000, 0))",
        "SELECT array_replace_all(range(n), 5, 6) FROM (VALUES (4000), (3000), (3000)) t (n)",
        "SELECT regexp_replace(a, '', repeat('b', 200), 'g') FROM (VALUES (repeat('a', 999))) t (a)",
        "SELECT to_char(t, repeat('%Y', 4000)) FROM (VALUES (DATE '2026-01-01')) t (t)",
    ] {
        refused(sql).await;
    }
}

#[tokio::test]
async fn what_would_take_days_is_refused() {
    let long = "(VALUES (repeat('a', 70000), range(70000))) t (a, l)";
    for call in [
        "levenshtein(a, a || 'b')",
        "btrim(a, a)",
        "array_has_all(l, l)",
        "array_has_any(l, l)",
    ] {
        let mut state = SessionContext::new().state();
        install(&mut state, 1 << 30).unwrap();
        let ctx = SessionContext::new_with_state(state);
        let query = ctx
            .sql(&format!("SELECT {call} FROM {long}"))
            .await
            .unwrap();
        let said = query.collect().await.err().map(|e| e.to_string());
        let said = said.unwrap_or_default();
        assert!(
            said.contains("for one row, and nothing could end it"),
            "{call}: {said:?}"
        );
    }
}

#[tokio::test]
async fn a_call_of_long_rows_ends_with_its_query_and_is_right_in_parts() {
    let ctx = || {
        let session = SessionStateBuilder::new().with_default_features();
        let mut state = crate::interruptible(session).build();
        install(&mut state, 1 << 30).unwrap();
        SessionContext::new_with_state(state)
    };
    let sql = "SELECT sum(levenshtein(repeat('a', 9000 + n), repeat('b', 10 * n))) \
               FROM (SELECT unnest(range(0, 900, 100)) AS n)";
    let rows = ctx().sql(sql).await.unwrap().collect().await.unwrap();
    let sum = arrow::compute::cast(rows[0].column(0), &DataType::Int64).unwrap();
    assert_eq!(sum.as_primitive::<Int64Type>().value(0), 9 * 9000 + 3600);

    let ended = ctx();
    let query = ended.sql(sql).await.unwrap();
    Interrupt::of(&ended).end();
    let error = query.collect().await.unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}

#[tokio::test]
async fn what_gives_much_is_left_for_the_run() {
    let ctx = SessionContext::new();
    let mut state = ctx.state();
    install(&mut state, 1 << 30).unwrap();
    for (count, is_left) in [(BYTES_MAX_IN_PLAN, false), (BYTES_MAX_IN_PLAN + 1, true)] {
        let text = format!("SELECT repeat('a', {count}) AS a");
        let query = state.create_logical_plan(&text).await.unwrap();
        let plan = plan_query(&state, &query).await.unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        assert_eq!(shown.contains("repeat("), is_left, "{count}");
        let made = datafusion::physical_plan::collect(plan, state.task_ctx()).await;
        assert_eq!(
            made.unwrap()[0].column(0).as_string::<i32>().value(0).len(),
            count
        );
    }
}

#[tokio::test]
async fn a_list_has_no_negative_size() {
    let error = run("SELECT array_resize([1], -1)").await.err();
    assert!(error.is_some_and(|e| e.to_string().contains("a list cannot have -1 elements")));
}

#[tokio::test]
async fn what_fits_is_made() {
    for sql in [
        "SELECT length(repeat(a, 39999)) FROM (VALUES ('a'), ('b'), (NULL)) t (a)",
        "SELECT repeat('a', -5), repeat(NULL, 2000000000), repeat('a', NULL)",
        "SELECT lpad('a', 2000, 'é'), rpad('a', 2000), lpad(NULL, 2000000000)",
        "SELECT lpad(a, 10000, 'é') FROM (VALUES ('a'), ('b')) t (a)",
        "SELECT regexp_replace(a, 'a', repeat('b', 2000)) FROM (VALUES (repeat('a', 999))) t (a)",
        "SELECT regexp_replace('aba', 'a', 'x', 'g'), regexp_replace(NULL, 'a', 'x', 'g')",
        "SELECT replace('aaa', 'a', 'bb'), replace('', '', 'x'), replace(NULL, 'a', 'b')",
        "SELECT range(1200), range(5, 0), range(NULL), generate_series(1200, 1, -1)",
        "SELECT concat(a, repeat('b', 9000), NULL), concat_ws(',', a, NULL, 'b') \
         FROM (VALUES ('a'), (NULL)) t (a)",
        "SELECT array_to_string([1, NULL, 3], ',', '-'), array_to_string([1, 2], NULL)",
        "SELECT array_concat([1], [2, 3]), array_concat([[1]], [[2]])",
        "SELECT generate_series(DATE '2026-01-01', DATE '2027-01-01', INTERVAL '1' MONTH)",
        "SELECT array_repeat('a', 500), array_repeat(NULL, 5), array_resize([1, 2], 1200)",
        "SELECT range(n) FROM (VALUES (1), (2), (NULL)) t (n)",
    ] {
        match run(sql).await {
            Ok(rows) => assert!(rows > 0, "{sql}"),
            Err(e) => panic!("{sql}: {e}"),
        }
    }
}

#[tokio::test]
async fn a_series_of_times_is_as_long_as_it_was_taken_to_be() {
    let ends = "TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01 00:00:01.249', INTERVAL";
    let fits = format!("SELECT range({ends} '1 millisecond')");
    assert_eq!(run(&fits).await.unwrap(), 1);
    refused(&format!("SELECT range({ends} '999 microseconds')")).await;
}

#[tokio::test]
async fn calls_that_nothing_could_bound_are_refused_before_they_run() {
    let ctx = session();
    let plan = async |call: &str| {
        let text = format!("SELECT {call} AS a FROM (VALUES (1, 'a'), (2, 'b')) t (x, y)");
        let query = ctx.state().create_logical_plan(&text).await.unwrap();
        plan_query(&ctx.state(), &query).await
    };
    for (call, told) in [
        ("array_agg(x) OVER ()", "would keep all rows for each row"),
        (
            "1 + length(string_agg(y, ',') OVER (ORDER BY x))",
            "GROUP BY",
        ),
        (
            "median(x) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
            "whole partitions only",
        ),
        (
            "(SELECT count(z) FROM (SELECT array_agg(1) OVER () AS z))",
            "would keep all rows",
        ),
        (
            "arrow_cast(NULL, 'FixedSizeBinary(2147483647)')",
            "is refused",
        ),
    ] {
        let error = plan(call).await.unwrap_err().to_string();
        assert!(error.contains(told), "{call}: {error}");
    }
    for call in [
        "sum(x) OVER (ORDER BY x)",
        "median(x) OVER (PARTITION BY y)",
        "row_number() OVER (ORDER BY x)",
        "arrow_cast(x, 'Int32')",
    ] {
        plan(call).await.unwrap();
    }
}

#[tokio::test]
async fn a_plan_that_grows_with_the_powers_of_two_is_refused_before_it_is_made() {
    let ctx = session();
    let plan = async |text: &str| {
        let query = ctx.state().create_logical_plan(text).await?;
        plan_query(&ctx.state(), &query).await
    };
    let doubled = |times: usize| {
        let parts = (0..times).map(|n| {
            let before = format!("p{n}");
            format!(
                "p{} AS (SELECT * FROM {before} UNION ALL SELECT * FROM {before})",
                n + 1
            )
        });
        let parts: Vec<_> = parts.collect();
        format!(
            "WITH p0 AS (SELECT 1 AS a), {} SELECT count(*) FROM p{times}",
            parts.join(", ")
        )
    };
    let cube = |columns: usize| {
        let of: Vec<_> = (0..columns).map(|n| format!("a + {n}")).collect();
        format!(
            "SELECT count(*) FROM (VALUES (1)) t (a) GROUP BY CUBE({})",
            of.join(", ")
        )
    };
    for (text, told) in [
        (doubled(14), "more than 10000 steps"),
        (cube(11), "2^11 groupings"),
    ] {
        let error = plan(&text).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    plan(&doubled(4)).await.unwrap();
    plan(&cube(3)).await.unwrap();
}
