//! What is made or taken is worked out as the functions do it, and refused where it is too much.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;

use super::limited_function::BYTES_MAX_IN_PLAN;
use super::*;
use crate::{Interrupt, plan_query};

/// Functions that make about as much as they are given, in about as many steps.
const UNLIMITED: &str = "\
    abs acos acosh aes_decrypt array_add array_any_value array_append array_avg array_compact \
    array_dims array_distance array_distinct array_element array_except array_has array_intersect \
    array_length array_max array_min array_ndims array_normalize array_pop_back array_pop_front \
    array_position array_positions array_prepend array_product array_remove array_remove_all \
    array_remove_n array_replace array_reverse array_scale array_slice array_sort array_subtract \
    array_sum array_union arrays_zip arrow_cast arrow_field arrow_metadata arrow_try_cast \
    arrow_typeof ascii asin asinh atan atan2 atanh bit_length business_day business_hour \
    canonical_device cardinality cast_to_type cbrt ceil character_length chr clock_rule coalesce \
    contains cos cosh cosine_distance cot current_date current_time date_bin date_part date_trunc \
    decode degrees digest elements empty encode ends_with event_time exp factorial file_row_index \
    find_in_set flatten floor from_json from_unixtime gcd get_field greatest gunzip_if initcap \
    inner_product input_file_name isnan iszero key_known lcm least left ln log log10 log2 lower \
    make_array make_date make_time map map_entries map_extract map_keys map_values md5 \
    named_struct nanvl now nullif nvl nvl2 octet_length overlay pi power radians random \
    regexp_count regexp_instr regexp_like regexp_match reverse right round sha224 sha256 sha384 \
    sha512 signum sin sinh split_part sqrt starts_with string_to_array struct substr \
    substr_index tan tanh tie to_date to_hex to_local_time to_time to_timestamp \
    to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds to_unixtime \
    translate trunc try_aes_decrypt try_cast_to_type unbase64 union_extract union_tag upper uuid \
    version with_metadata";

const MEMORY_BYTES_MAX: usize = 640_000;

fn session() -> SessionContext {
    let ctx = SessionContext::new();
    let mut state = ctx.state();
    install(&mut state, MEMORY_BYTES_MAX).unwrap();
    SessionContext::new_with_state(state)
}

async fn run(sql: &str) -> Result<usize> {
    let batches = planning::query(&session(), sql).await?;
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
        r"SELECT regexp_replace(a, '.*', repeat('\0', 99)) FROM (VALUES (repeat('a', 999))) t (a)",
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
        "strpos(a, a || 'b')",
        "array_has_all(l, l)",
        "array_has_any(l, l)",
    ] {
        let mut state = SessionContext::new().state();
        install(&mut state, 1 << 30).unwrap();
        let ctx = SessionContext::new_with_state(state);
        let query = planning::frame(&ctx, &format!("SELECT {call} FROM {long}"))
            .await
            .unwrap();
        let said = planning::rows(query).await.err().map(|e| e.to_string());
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
    let rows = planning::query(&ctx(), sql).await.unwrap();
    let sum = arrow::compute::cast(rows[0].column(0), &DataType::Int64).unwrap();
    assert_eq!(sum.as_primitive::<Int64Type>().value(0), 9 * 9000 + 3600);

    let ended = ctx();
    let query = planning::frame(&ended, sql).await.unwrap();
    Interrupt::of(&ended).end();
    let error = planning::rows(query).await.unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}

#[tokio::test]
async fn what_gives_much_is_left_for_the_run() {
    let ctx = SessionContext::new();
    let mut state = ctx.state();
    install(&mut state, 1 << 30).unwrap();
    for (count, is_left) in [(BYTES_MAX_IN_PLAN, false), (BYTES_MAX_IN_PLAN + 1, true)] {
        let text = format!("SELECT repeat('a', {count}) AS a");
        let query = planning::plan_text(&state, &text).await.unwrap();
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
        "SELECT array_concat(l, l) FROM (SELECT [value, 0] AS l FROM range(500))",
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

#[test]
fn every_function_is_limited_or_needs_no_limit() {
    let mut state = SessionContext::new().state();
    let keys = Arc::new(udfs::keys::KeyRing::new([]).unwrap());
    udfs::register_all(&mut state, &keys).unwrap();
    let limited = FUNCTIONS.iter().map(|(name, _)| *name);
    let known: BTreeSet<_> = limited.chain(UNLIMITED.split_whitespace()).collect();
    let all: BTreeSet<_> = state
        .scalar_functions()
        .values()
        .map(|function| function.name())
        .collect();
    assert_eq!(all, known);
}
