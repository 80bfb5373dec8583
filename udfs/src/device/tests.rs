//! `canonical_device` on columns.

use arrow::array::StringArray;
use datafusion::scalar::ScalarValue;

use super::canonical_device::CanonicalDevice;
use crate::testing::{call, column, literal, rows};

#[test]
fn the_first_id_that_names_a_device_is_taken() {
    let cases: &[(Option<&str>, Option<&str>, &str)] = &[
        (
            Some("6F9619FF-8B86-D011-B42D-00C04FC964FF"),
            Some("9a3bff01"),
            "6f9619ff8b86d011b42d00c04fc964ff",
        ),
        (None, Some(" 9A3BFF01 "), "9a3bff01"),
        (Some(""), Some("9a3bff01"), "9a3bff01"),
        // A user who limits ad tracking.
        (
            Some("00000000-0000-0000-0000-000000000000"),
            Some("9a3bff01"),
            "9a3bff01",
        ),
        (Some("unknown"), Some("9774d56d682e549c"), "NULL"),
        (Some("NULL"), None, "NULL"),
        (Some("02:00:00:00:00:00"), Some("{}"), "NULL"),
        (
            Some("D41D8CD98F00B204E9800998ECF8427E"),
            Some("000000000000000"),
            "NULL",
        ),
        (None, None, "NULL"),
        (Some("ÀB"), None, "àb"),
    ];
    let first = StringArray::from_iter(cases.iter().map(|case| case.0));
    let second = StringArray::from_iter(cases.iter().map(|case| case.1));
    let expected: Vec<_> = cases.iter().map(|case| case.2).collect();
    let devices = call(&CanonicalDevice::default(), [column(first), column(second)]).unwrap();
    assert_eq!(rows(&devices), expected);
}

#[test]
fn any_number_of_ids_is_taken() {
    let plan = |args: Vec<_>| call(&CanonicalDevice::default(), args).map(|array| rows(&array));
    assert_eq!(plan(vec![literal("A-B")]).unwrap(), ["ab"]);
    let null = || literal(ScalarValue::Null);
    assert_eq!(
        plan(vec![null(), null(), literal("0"), literal("C")]).unwrap(),
        ["c"]
    );
    assert_eq!(
        plan(vec![null(), column(StringArray::from(vec!["x", "0"]))]).unwrap(),
        ["x", "NULL"]
    );
    assert!(
        plan(vec![])
            .unwrap_err()
            .to_string()
            .contains("takes 1 or more arguments")
    );
    assert!(
        plan(vec![literal(1_i64)])
            .unwrap_err()
            .to_string()
            .contains("must be a string")
    );
}
