//! The published state as queries see it: one instant, whatever happens beside them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use common::{TableDef, TableKind, TopicPartition};
use datafusion::prelude::SessionContext;
use lake::commit::commits_table;
use lake::parquet_files::{FileNaming, write};
use lake::storage::Storage;
use sql::Configuration;
use state::{
    DimensionProgress, FileIndex, MicroBatch, PartitionProgress, Published, Publisher,
    SourceProgress, TableState,
};

use super::*;

const HOUR_US: i64 = 3_600_000_000;

fn table() -> TableDef {
    let utc = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    TableDef {
        name: "events".into(),
        location: "events".into(),
        kind: TableKind::Events,
        schema: Arc::new(Schema::new(vec![
            Field::new("product", DataType::Utf8, true),
            Field::new("amount", DataType::Int64, true),
            Field::new("event_time", utc(), false),
            Field::new("hour", utc(), false),
            Field::new("arrival_hour", utc(), false),
        ])),
        partition_by: vec!["product".into(), "arrival_hour".into()],
        comment: None,
    }
}

/// Rows that arrive in the hour in which they happen.
fn rows(product: Option<&str>, hour: i64, amounts: &[i64]) -> RecordBatch {
    let on_time: Vec<_> = amounts.iter().map(|amount| (hour, *amount)).collect();
    rows_of(product, hour, &on_time)
}

/// Rows that arrive in one hour, each of an hour of its own, five minutes into it.
fn rows_of(product: Option<&str>, arrival_hour: i64, rows: &[(i64, i64)]) -> RecordBatch {
    let n = rows.len();
    let times = |us: &dyn Fn(i64) -> i64| {
        let times: Vec<i64> = rows.iter().map(|(hour, _)| us(*hour)).collect();
        Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
    };
    RecordBatch::try_new(
        table().schema,
        vec![
            Arc::new(StringArray::from_iter(std::iter::repeat_n(product, n))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1))),
            times(&|hour| hour * HOUR_US + HOUR_US / 12),
            times(&|hour| hour * HOUR_US),
            times(&|_| arrival_hour * HOUR_US),
        ],
    )
    .unwrap()
}

fn progress(next: i64, end: i64) -> SourceProgress {
    SourceProgress {
        source: "mobile".into(),
        topic_id: "id".into(),
        state: "reading".into(),
        partitions: vec![PartitionProgress {
            at: TopicPartition {
                topic: "mobile-logs".into(),
                incarnation: 0,
                partition: 0,
            },
            next_offset: next,
            end_at_start: end,
            end_offset: end,
            received_max_us: None,
        }],
        seen_at_us: 0,
        lateness_us: 0,
        gap_count: 0,
        stale_count: 0,
    }
}

struct Fixture {
    storage: Storage,
    publisher: Arc<Publisher>,
    sessions: Sessions,
}

/// Two sources, of which one feeds the table.
fn configuration() -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "sources/mobile.sql",
            "CREATE EXTERNAL TABLE mobile STORED AS KAFKA LOCATION 'mobile-logs'",
        ),
        (
            "sources/web.sql",
            "CREATE EXTERNAL TABLE web STORED AS KAFKA LOCATION 'web-logs'",
        ),
        (
            "tables/events.sql",
            "CREATE EXTERNAL TABLE events (amount BIGINT) STORED AS DELTA LOCATION 'events'",
        ),
        (
            "pipelines/amounts.sql",
            "INSERT INTO events SELECT \"offset\" AS amount FROM mobile",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Configuration::load(folder.path(), &BTreeMap::new()).unwrap()
}

fn fixture() -> Fixture {
    let storage = Storage::in_memory();
    let empty = |def| TableState::new(def, FileIndex::default());
    let state = Published::of_tables([table(), commits_table()].map(empty));
    let publisher = Arc::new(Publisher::new(state));
    let configuration = configuration();
    let keys = Arc::new(udfs::keys::KeyRing::new([]).unwrap());
    let limits = SessionsConfig {
        threads: 2,
        memory_bytes_max: 64 << 20,
        spill_bytes_max: 1 << 20,
    };
    let sessions = Sessions::new(
        &limits,
        storage.store().clone(),
        &keys,
        &configuration,
        publisher.clone(),
    )
    .unwrap();
    Fixture {
        storage,
        publisher,
        sessions,
    }
}

impl Fixture {
    fn publish(&self, batch: RecordBatch) {
        let added = MicroBatch {
            rows: vec![("events".into(), batch)],
            ..MicroBatch::default()
        };
        self.publisher.publish(added, 0).unwrap();
    }

    async fn commit(&self, group: i64) {
        let cut = self.publisher.current();
        let def = table();
        let tail: Vec<_> = cut
            .table("events")
            .unwrap()
            .tail
            .iter()
            .map(|t| t.rows.clone())
            .collect();
        let naming = FileNaming { epoch: 1, group };
        let files = write(&def, &tail, &naming, &self.storage).await.unwrap();
        // A micro-batch that is published while the group is written stays in the tail.
        self.publish(rows(Some("late"), 9, &[1000]));
        self.publisher
            .committed(&cut, group, &[("events".into(), files)])
            .unwrap();
    }
}

async fn sum(ctx: &SessionContext, filter: &str) -> (i64, i64) {
    let sql = format!("SELECT count(*), coalesce(sum(amount), 0) FROM events WHERE {filter}");
    let batches = planning::query(ctx, &sql).await.unwrap();
    let at = |i: usize| batches[0].column(i).as_primitive::<Int64Type>().value(0);
    (at(0), at(1))
}

/// How many files the plan of a query reads.
async fn scanned(ctx: &SessionContext, filter: &str) -> usize {
    let sql = format!("EXPLAIN SELECT * FROM events WHERE {filter}");
    let batches = planning::query(ctx, &sql).await.unwrap();
    let text = arrow::util::pretty::pretty_format_batches(&batches)
        .unwrap()
        .to_string();
    text.matches(".parquet").count()
}

#[tokio::test]
async fn a_session_keeps_the_state_that_it_pinned() {
    let f = fixture();
    f.publish(rows(Some("a"), 1, &[1, 2]));
    let before = f.sessions.session(true, None);
    f.publish(rows(Some("a"), 1, &[4]));
    assert_eq!(sum(&before, "true").await, (2, 3));
    assert_eq!(sum(&f.sessions.session(true, None), "true").await, (3, 7));
    f.commit(1).await;
    assert_eq!(sum(&before, "true").await, (2, 3));
}

#[tokio::test]
async fn rows_are_seen_once_while_they_pass_from_tail_to_files() {
    let f = fixture();
    f.publish(rows(Some("a"), 1, &[1, 2]));
    f.publish(rows(None, 2, &[4]));
    f.commit(1).await;
    let ctx = f.sessions.session(true, None);
    assert_eq!(sum(&ctx, "true").await, (4, 1007));
    assert_eq!(sum(&ctx, "product = 'a'").await, (2, 3));
    assert_eq!(sum(&ctx, "product IS NULL").await, (1, 4));
    assert_eq!(
        sum(&ctx, "arrival_hour >= TIMESTAMP '1970-01-01T02:00:00Z'").await,
        (2, 1004)
    );
    let state = f.publisher.current();
    assert_eq!(state.table("events").unwrap().tail.len(), 1);
    assert_eq!(state.table("events").unwrap().files.rows(), 3);
    f.commit(2).await;
    assert_eq!(
        sum(&f.sessions.session(true, None), "true").await,
        (5, 2007)
    );
}

#[tokio::test]
async fn files_that_cannot_match_are_not_scanned() {
    let f = fixture();
    for (group, product) in [(1, "a"), (2, "b"), (3, "c")] {
        f.publish(rows(Some(product), group, &[group]));
        f.commit(group).await;
    }
    let ctx = f.sessions.session(true, None);
    assert_eq!(scanned(&ctx, "product = 'b'").await, 1);
    assert_eq!(scanned(&ctx, "amount > 2 AND product <> 'late'").await, 1);
    assert_eq!(scanned(&ctx, "product = 'nobody'").await, 0);
}

/// Arrival hours 10 to 12 with a row each that is on time, and in hour 12 one that comes late.
#[tokio::test]
async fn a_late_row_does_not_keep_on_time_files_from_being_pruned() {
    let f = fixture();
    for arrival in 10..=12 {
        f.publish(rows(Some("a"), arrival, &[arrival]));
        if arrival == 12 {
            f.publish(rows_of(Some("a"), arrival, &[(2, 100)]));
        }
        f.commit(arrival).await;
    }
    let ctx = f.sessions.session(true, None);
    // What each commit leaves in the tail is of another product, in hour 9.
    let of = |filter: &str| format!("product = 'a' AND {filter}");
    let at = |hour: i64, minute: i64| format!("TIMESTAMP '1970-01-01T{hour:02}:{minute:02}:00Z'");
    for (filter, files, expected) in [
        ("true".to_owned(), 4, (4, 133)),
        (format!("hour = {}", at(12, 0)), 1, (1, 12)),
        (format!("hour = {}", at(11, 0)), 1, (1, 11)),
        (format!("hour = {}", at(2, 0)), 1, (1, 100)),
        (format!("hour < {}", at(11, 0)), 2, (2, 110)),
        (format!("event_time >= {}", at(11, 30)), 1, (1, 12)),
        (format!("event_time < {}", at(9, 0)), 1, (1, 100)),
        (format!("hour = {}", at(5, 0)), 0, (0, 0)),
    ] {
        assert_eq!(scanned(&ctx, &of(&filter)).await, files, "{filter}");
        assert_eq!(sum(&ctx, &of(&filter)).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn tables_wait_for_catching_up_but_the_system_answers() {
    let f = fixture();
    f.publisher.note_progress(progress(3, 5), 0);
    let ctx = f.sessions.session(false, None);
    let refused = planning::query(&ctx, "SELECT * FROM events")
        .await
        .unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("catching up") && text.contains("2 records left"),
        "{text}"
    );
    let mut other = progress(0, 9);
    other.source = "web".into();
    f.publisher.note_progress(progress(5, 5), 0);
    f.publisher.note_progress(other, 0);
    let unconcerned = f.sessions.session(false, None);
    let events = planning::frame(&unconcerned, "SELECT * FROM events")
        .await
        .unwrap();
    planning::rows(events).await.unwrap();

    let mut stopped = progress(3, 5);
    stopped.state = "stopped: offsets expired".into();
    f.publisher.note_progress(stopped, 0);
    let told = f.sessions.session(false, None);
    let refused = planning::frame(&told, "SELECT * FROM events")
        .await
        .unwrap();
    let text = planning::rows(refused).await.unwrap_err().to_string();
    assert!(text.contains("stopped: offsets expired"), "{text}");
    let sources = planning::frame(&ctx, "SELECT lag_records FROM system.sources")
        .await
        .unwrap();
    assert_eq!(planning::rows(sources).await.unwrap()[0].num_rows(), 1);
    f.publisher.note_progress(progress(5, 5), 0);
    assert_eq!(sum(&f.sessions.session(false, None), "true").await, (0, 0));
}

#[tokio::test]
async fn dimensions_are_shown_as_they_stand() {
    let f = fixture();
    f.publisher.note_dimension(DimensionProgress {
        dimension: "products".into(),
        topic: "products-topic".into(),
        topic_id: "id".into(),
        state: "stopped: its topic was made again".into(),
        row_count: 7,
        unusable_count: 2,
        caught_up: true,
        lag_records: 0,
        seen_at_us: 5,
    });
    let ctx = f.sessions.session(false, None);
    let shown = planning::query(
        &ctx,
        "SELECT rows, unusable_changes, state FROM system.dimensions",
    )
    .await
    .unwrap();
    let number = |column: usize| shown[0].column(column).as_primitive::<Int64Type>().value(0);
    assert_eq!((number(0), number(1)), (7, 2));
    assert!(
        shown[0]
            .column(2)
            .as_string::<i32>()
            .value(0)
            .starts_with("stopped")
    );
}

/// Joins that compute for hours and give nothing back: with a filter alone, with keys beside it, and
/// where only the existence of a partner counts.
const BARREN: [&str; 3] = [
    "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b \
     ON a.value * b.value = -1",
    "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b \
     ON a.value % 2 = b.value % 2 AND a.value + b.value = -1",
    "SELECT count(*) FROM generate_series(1, 1000000) a WHERE EXISTS (SELECT 1 \
     FROM generate_series(1, 1000000) b WHERE b.value % 2 = a.value % 2)",
];

async fn interrupted(ctx: &SessionContext, sql: &str) -> Interrupted {
    let error = planning::query(ctx, sql).await.unwrap_err();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(e) = cause {
        if let Some(why) = e.downcast_ref::<Interrupted>() {
            return *why;
        }
        cause = e.source();
    }
    panic!("{sql}: {error}");
}

#[tokio::test]
async fn a_join_that_gives_nothing_back_ends_at_its_deadline() {
    let f = fixture();
    for sql in BARREN {
        let ctx = f.sessions.session(true, None);
        Interrupt::of(&ctx).end_at(Instant::now() + Duration::from_millis(50));
        assert_eq!(interrupted(&ctx, sql).await, Interrupted::Late, "{sql}");
    }
}

#[tokio::test]
async fn a_join_that_gives_nothing_back_ends_when_nobody_waits_for_it() {
    let f = fixture();
    for sql in BARREN {
        let ctx = f.sessions.session(true, None);
        let interrupt = Interrupt::of(&ctx);
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            interrupt.end();
        });
        assert_eq!(interrupted(&ctx, sql).await, Interrupted::Ended, "{sql}");
        other.join().unwrap();
    }
}

#[tokio::test]
async fn joins_that_may_be_interrupted_give_what_they_gave() {
    let f = fixture();
    let ctx = f.sessions.session(true, None);
    for (sql, count) in [
        ("SELECT a.value FROM s a JOIN s b ON a.value < b.value", 45),
        (
            "SELECT a.value FROM s a JOIN s b ON a.value % 2 = b.value % 2 AND a.value < b.value",
            20,
        ),
        (
            "SELECT value FROM s a WHERE EXISTS (SELECT 1 FROM s b WHERE b.value = a.value + 1)",
            9,
        ),
        (
            "SELECT value FROM s a WHERE NOT EXISTS (SELECT 1 FROM s b WHERE b.value = a.value + 1)",
            1,
        ),
        (
            "SELECT value FROM s WHERE value NOT IN (SELECT value + 3 FROM s)",
            3,
        ),
        ("SELECT value FROM s WHERE EXISTS (SELECT 1 FROM s)", 10),
        (
            "SELECT a.value FROM s a LEFT JOIN s b ON a.value = b.value + 4",
            10,
        ),
    ] {
        let sql = format!("WITH s AS (SELECT value FROM generate_series(1, 10)) {sql}");
        let rows = planning::query(&ctx, &sql).await.unwrap();
        let found: usize = rows.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(found, count, "{sql}");
    }
}
