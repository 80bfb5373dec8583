//! Old entries come from the files that have them and from the tail, and from nowhere else.

use common::Kind;
use lake::storage::{FaultPlan, Storage};

use super::fixture::*;

/// Ten devices in each of some commit groups, and ten more in the tail.
fn world(groups: i64, faults: &str) -> World {
    let storage = Storage::in_memory();
    let reads = storage
        .clone()
        .with_faults(FaultPlan::parse(faults).unwrap());
    let world = World::new(storage, reads);
    for group in 0..=groups {
        for offset in group * 10..group * 10 + 10 {
            let new = record(offset, &format!("d{offset}"), "c", offset);
            assert!(world.publish(&[new]).unwrap());
        }
        if group < groups {
            world.commit();
        }
    }
    world
}

#[test]
fn many_numbers_are_read_from_the_files_that_have_them_and_the_tail() {
    let world = world(4, "");
    // Group 3 has entries 21 to 30. A read that opened its file would fail.
    world.delete_files("first", 3);
    let wanted: Vec<i64> = (1..=20).chain([35, 33]).chain(41..=50).rev().collect();
    let read = world.read(&wanted).unwrap();
    let mut numbers = longs(&read, "entry");
    numbers.sort_unstable();
    let mut expected = wanted.clone();
    expected.sort_unstable();
    assert_eq!(numbers, expected);

    let table = world.configuration.table("first").unwrap();
    assert_eq!(read.schema(), table.schema);
    assert_eq!(texts(&read, "product"), vec!["browser"; wanted.len()]);
    for (row, entry) in longs(&read, "entry").into_iter().enumerate() {
        assert_eq!(texts(&read, "device")[row], format!("d{}", entry - 1));
        let minute = (entry - 1) * MINUTE_US;
        assert_eq!(times(&read, "received")[row], START_US + minute);
        let committed = read.column_by_name("commit_group").unwrap();
        assert_eq!(committed.is_valid(row), entry <= 40, "{entry}");
    }

    let missing = world.read(&[1, 25, 41]).unwrap_err();
    assert_eq!(missing.kind, Kind::Data);
    assert!(
        missing.to_string().contains("first/product=browser/"),
        "{missing}"
    );
}

#[test]
fn numbers_that_nobody_has_are_not_there() {
    let world = world(1, "");
    assert_eq!(longs(&world.read(&[0, 3, 21]).unwrap(), "entry"), [3]);
    assert_eq!(world.read(&[]).unwrap().num_rows(), 0);
}

#[test]
fn storage_that_is_away_is_told_from_files_that_are_broken() {
    let world = world(1, "before-get:first/*:1=error");
    let away = world.read(&[3]).unwrap_err();
    assert_eq!(away.kind, Kind::Unavailable, "{away}");
    assert_eq!(longs(&world.read(&[3]).unwrap(), "entry"), [3]);
}
