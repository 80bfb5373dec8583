//! The shipped metrics over a small ledger: sums, credits that moved away, completeness.

use datafusion::arrow::util::pretty::pretty_format_batches;

use super::shipped::shipped;
use super::*;

const LEDGER: &str = "CREATE TABLE new_user_ledger AS
    SELECT product, channel, instant(h) AS hour, arrow_cast(d, 'Date32') AS day,
        'Asia/Shanghai' AS zone, arrow_cast(credit, 'Int32') AS credit
    FROM (VALUES
        ('browser', 'huawei', '2026-01-01T14:00:00Z', '2026-01-01', 1),
        ('browser', 'huawei', '2026-01-01T14:00:00Z', '2026-01-01', 1),
        ('browser', NULL,     '2026-01-01T15:00:00Z', '2026-01-01', 1),
        ('browser', 'huawei', '2026-01-01T16:00:00Z', '2026-01-02', 1),
        ('browser', 'vivo',   '2026-01-01T16:00:00Z', '2026-01-02', 1),
        ('browser', 'vivo',   '2026-01-01T16:00:00Z', '2026-01-02', -1)
    ) AS t(product, channel, h, d, credit)";

/// What a shipped metric answers, sorted, as lines of values without the zone.
fn answer(metric: &str, columns: &str, watermarks: &[Option<&str>]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let ctx = session();
        let instant = "arrow_cast(#, 'Timestamp(Microsecond, Some(\"UTC\"))')";
        let execute = async |sql: String| planning::query(&ctx, &sql).await.unwrap();
        execute(LEDGER.replace("instant(h)", &instant.replace('#', "h"))).await;
        let rows: Vec<String> = watermarks
            .iter()
            .enumerate()
            .map(|(i, at)| match at {
                Some(at) => format!("('s{i}', '{at}')"),
                None => format!("('s{i}', NULL)"),
            })
            .collect();
        let at = instant.replace('#', "w");
        execute(format!(
            "CREATE TABLE source_progress AS SELECT source, {at} AS as_of, {at} AS watermark
             FROM (VALUES {}) AS t(source, w)",
            rows.join(", ")
        ))
        .await;
        for view in shipped().views.iter().filter(|v| &*v.name != "new_users") {
            execute(view.sql.clone()).await;
        }
        let rows = execute(format!("SELECT {columns} FROM {metric}")).await;
        let table = pretty_format_batches(&rows).unwrap().to_string();
        let rows = table.lines().skip(3).filter(|line| line.starts_with("| "));
        let mut lines: Vec<String> = rows
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                cells.join(" ")
            })
            .collect();
        lines.sort();
        lines
    })
}

#[test]
fn hours_are_complete_up_to_the_watermark_of_every_source() {
    let columns = "hour, channel, new_users, complete";
    let at = |watermarks: &[Option<&str>]| answer("new_users_hourly", columns, watermarks);
    let rows = |complete: [bool; 3]| {
        [
            format!("2026-01-01T14:00:00Z huawei 2 {}", complete[0]),
            format!("2026-01-01T15:00:00Z  1 {}", complete[1]),
            format!("2026-01-01T16:00:00Z huawei 1 {}", complete[2]),
        ]
    };
    let (three, five) = (Some("2026-01-01T15:00:00Z"), Some("2026-01-01T17:00:00Z"));
    assert_eq!(at(&[five]), rows([true, true, true]));
    assert_eq!(at(&[five, three]), rows([true, false, false]));
    assert_eq!(
        at(&[five, None]),
        rows([false, false, false]),
        "unknown for one is unknown"
    );
}

#[test]
fn days_are_those_of_the_products_zone() {
    let columns = "day, channel, new_users, complete";
    assert_eq!(
        answer("new_users_daily", columns, &[Some("2026-01-01T16:00:00Z")]),
        [
            "2026-01-01  1 true",
            "2026-01-01 huawei 2 true",
            "2026-01-02 huawei 1 false"
        ]
    );
    assert_eq!(
        answer("new_users_daily", columns, &[Some("2026-01-01T15:59:59Z")])[1],
        "2026-01-01 huawei 2 false"
    );
}

#[test]
fn sums_go_on_through_the_day_and_for_ever() {
    assert_eq!(
        answer(
            "new_users_cumulative",
            "hour, new_users, new_users_today, new_users_ever",
            &[Some("2026-01-01T16:00:00Z")]
        ),
        [
            "2026-01-01T14:00:00Z 2 2 2",
            "2026-01-01T15:00:00Z 1 3 3",
            "2026-01-01T16:00:00Z 1 1 4",
        ]
    );
}

#[test]
fn users_without_a_channel_are_in_the_denominator() {
    let columns = "day, channel, new_users_of_product, round(share, 2) AS share";
    assert_eq!(
        answer("new_users_by_channel", columns, &[None]),
        [
            "2026-01-01  3 0.33",
            "2026-01-01 huawei 3 0.67",
            "2026-01-02 huawei 1 1.0"
        ]
    );
}
