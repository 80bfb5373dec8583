//! The folder that ships: it plans, and its mobile pipeline sorts records as DOMAIN says.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use common::{OrderTerm, TableKind};

use super::*;

pub(super) fn shipped() -> Configuration {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sql");
    check(&folder, &variables(), &session())
        .unwrap_or_else(|faults| panic!("{}", texts(&folder, &faults).join("\n")))
}

fn products() -> Fixed {
    products_in("Asia/Shanghai")
}

fn products_in(zone: &str) -> Fixed {
    let column = |values: [&str; 1]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("app_key", column(["k1"])),
        ("product", column(["browser"])),
        ("zone", column([zone])),
    ]);
    Fixed {
        version: 1,
        rows: rows.unwrap(),
    }
}

#[test]
fn the_folder_plans_with_all_its_objects() {
    let configuration = shipped();
    let tables: Vec<&str> = configuration.tables.iter().map(|t| &*t.name).collect();
    assert_eq!(
        tables,
        ["events", "new_user_ledger", "dead_letters", "archive"]
    );
    let views: Vec<&str> = configuration.views.iter().map(|v| &*v.name).collect();
    let daily = views.iter().position(|v| *v == "new_users_daily");
    let by_channel = views.iter().position(|v| *v == "new_users_by_channel");
    assert!(daily < by_channel, "{views:?}");
    assert_eq!(views.len(), 6);
    let TableKind::Ledger(ledger) = &configuration.tables[1].kind else {
        panic!("not a ledger");
    };
    assert_eq!(ledger.key, ["product", "device"]);
    assert_eq!(ledger.order[0], OrderTerm::Received);
    assert_eq!(ledger.order.len(), 4);
    assert_eq!(&*configuration.sources[0].topic, "mobile-logs");
    assert!(configuration.views.iter().all(|v| v.comment.is_some()));
    assert!(configuration.views[0].sql.starts_with("CREATE VIEW"));
}

/// The shipped pipeline on the records of `mobile_records.txt`, and one without a value.
fn run_mobile(products: &Fixed) -> PipelineOutput {
    let configuration = shipped();
    let def = configuration
        .pipelines
        .iter()
        .find(|p| &*p.name == "mobile_events")
        .unwrap();
    let plan = PipelinePlan::compile(def, &configuration, &session()).unwrap();
    let mut values: Vec<Option<&str>> = include_str!("mobile_records.txt")
        .lines()
        .map(Some)
        .collect();
    values.push(None);
    run(&plan, &records(&values), products)
}

#[test]
fn mobile_records_become_events_and_dead_letters() {
    let output = run_mobile(&products());
    let expected = [(0, 0), (1, 0), (7, 2), (12, 3), (12, 4), (12, 5)];
    assert_eq!(accepted(&output), expected);
    let of = |name| strings(&output.rows, name);
    assert_eq!(of("product"), ["browser"; 6]);
    assert_eq!(of("device"), ["aabb01"; 6]);
    assert_eq!(of("channel")[..3], ["huawei", "-", "huawei"]);
    assert_eq!(of("event_id")[..3], ["e1", "-", "e7"]);
    assert_eq!(of("clock_rule"), ["skew"; 6]);
    assert_eq!(of("app_build")[..3], ["1002"; 3]);
    let tests: Vec<bool> = output.rows["test"].as_boolean().iter().flatten().collect();
    assert_eq!(tests, [false, false, true, false, true, false]);
    let tie = output.rows["tie"].as_binary::<i32>();
    assert_eq!((tie.null_count(), tie.value(1).len()), (5, 8));
    let at = output.rows["event_time"].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(at.value(0), RECEIVED_US - 4_000_000);
    let hour = output.rows["hour"].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(hour.value(0), RECEIVED_US - 3_600_000_000);
    let day = output.rows["day"].as_primitive::<Date32Type>();
    assert_eq!(day.value(0), 20_454, "07:59 on 2026-01-01 in Shanghai");

    let mut letters = letters(&output);
    letters.sort();
    let expected = [
        (1, 1, "unknown app_key"),
        (2, -1, "malformed"),
        (3, -1, "unknown key"),
        (4, -1, "cannot decrypt"),
        (5, -1, "malformed"),
        (6, -1, "malformed"),
        (7, 0, "malformed"),
        (7, 1, "malformed"),
        (8, 0, "bad device id"),
        (9, -1, "malformed"),
        (10, 0, "malformed"),
        (11, -1, "malformed"),
        // A test that is neither true nor false.
        (12, 0, "malformed"),
        (12, 1, "malformed"),
        (12, 2, "malformed"),
        (13, -1, "malformed"),
    ]
    .map(|(row, element, reason)| (row, element, reason.to_owned()));
    assert_eq!(letters, expected);
    assert!(output.filtered.is_empty());
    assert_eq!(output.produced.len(), 22);
}

#[test]
fn a_product_in_a_zone_that_does_not_exist_is_told_as_such() {
    let output = run_mobile(&products_in("Asia/Shanghia"));
    assert_eq!(output.rows.num_rows(), 0);
    let letters = letters(&output);
    let told = letters.iter().filter(|l| l.2 == "unknown zone");
    let mut told: Vec<(u32, i32)> = told.map(|l| (l.0, l.1)).collect();
    told.sort_unstable();
    // Those that would be events, and the bad device id, which comes after.
    let expected = [(0, 0), (1, 0), (7, 2), (8, 0), (12, 3), (12, 4), (12, 5)];
    assert_eq!(told, expected);
}

#[test]
fn the_ledger_has_every_attribute_that_views_may_group_by() {
    let configuration = shipped();
    let events = &configuration.table("events").unwrap().schema;
    let ledger = &configuration.table("new_user_ledger").unwrap().schema;
    let own = ["event_id", "test"];
    let lacking = events.fields().iter().map(|f| f.name().as_str());
    let lacking = lacking.filter(|name| ledger.field_with_name(name).is_err());
    assert_eq!(lacking.collect::<Vec<_>>(), own);
}
