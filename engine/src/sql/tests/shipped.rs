//! The folder that ships: it plans, and its mobile pipeline sorts records as DOMAIN says.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

use super::*;
use crate::values::{OrderTerm, TableKind};

pub(super) fn shipped() -> Configuration {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sql");
    check(&folder, &variables(), &session())
        .unwrap_or_else(|faults| panic!("{}", texts(&folder, &faults).join("\n")))
}

fn products() -> Fixed {
    let column = |values: [&str; 1]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("app_key", column(["k1"])),
        ("product", column(["browser"])),
        ("zone", column(["Asia/Shanghai"])),
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
    assert_eq!(views.len(), 5);
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

#[test]
fn mobile_records_become_events_and_dead_letters() {
    let configuration = shipped();
    let def = configuration
        .pipelines
        .iter()
        .find(|p| &*p.name == "mobile_events")
        .unwrap();
    let plan = PipelinePlan::compile(def, &configuration, &session()).unwrap();
    assert_eq!(plan.needed_columns(), ["value", "received"]);
    let mut values: Vec<Option<&str>> = include_str!("mobile_records.txt")
        .lines()
        .map(Some)
        .collect();
    values.push(None);
    let output = run(&plan, &records(&values), &products());

    assert_eq!(accepted(&output), [(0, 0), (1, 0), (7, 2)]);
    let of = |name| strings(&output.rows, name);
    assert_eq!(of("product"), ["browser"; 3]);
    assert_eq!(of("device"), ["aabb01"; 3]);
    assert_eq!(of("channel"), ["huawei", "-", "huawei"]);
    assert_eq!(of("event_id"), ["e1", "-", "e7"]);
    assert_eq!(of("clock_rule"), ["skew"; 3]);
    assert_eq!(of("app_build"), ["1002"; 3]);
    let tests: Vec<bool> = output.rows["test"].as_boolean().iter().flatten().collect();
    assert_eq!(tests, [false, false, true]);
    let tie = output.rows["tie"].as_binary::<i32>();
    assert_eq!((tie.null_count(), tie.value(1).len()), (2, 8));
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
        (12, -1, "malformed"),
    ]
    .map(|(row, element, reason)| (row, element, reason.to_owned()));
    assert_eq!(letters, expected);
    assert!(output.filtered.is_empty());
    assert_eq!(output.produced.len(), 16);
}
