//! The time functions on columns.

use arrow::array::{
    Array, Int64Array, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use chrono::{DateTime, TimeZone, Timelike};
use datafusion::logical_expr::{ColumnarValue, ScalarUDFImpl};
use datafusion::scalar::ScalarValue;
use proptest::prelude::*;

use super::business::Business;
use super::clock_rule::ClockRuleOf;
use super::event_time::EventTime;
use crate::testing::{call, column, literal, plan, rows};

fn micros(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp_micros()
}

fn instants(texts: &[&str]) -> ColumnarValue {
    let instants = texts
        .iter()
        .map(|text| (!text.is_empty()).then(|| micros(text)));
    column(TimestampMicrosecondArray::from_iter(instants).with_timezone("UTC"))
}

fn show(
    function: &dyn ScalarUDFImpl,
    args: impl IntoIterator<Item = ColumnarValue>,
) -> Vec<String> {
    rows(&call(function, args).unwrap())
}

#[test]
fn event_time_and_clock_rule_agree() {
    const RECEIVED: i64 = 1_700_000_000_123;
    let minute = 60_000;
    let stamps = [
        (
            Some(RECEIVED - 9),
            Some(RECEIVED - 4),
            "2023-11-14T22:13:20.118Z",
            "skew",
        ),
        (
            Some(RECEIVED - 9),
            None,
            "2023-11-14T22:13:20.114Z",
            "client",
        ),
        (None, Some(RECEIVED), "2023-11-14T22:13:20.123Z", "received"),
        (
            Some(RECEIVED + 5 * minute),
            None,
            "2023-11-14T22:18:20.123Z",
            "client",
        ),
        (
            Some(RECEIVED + 5 * minute + 1),
            None,
            "2023-11-14T22:13:20.123Z",
            "received",
        ),
        (
            Some(i64::MIN),
            Some(i64::MAX),
            "2023-11-14T22:13:20.123Z",
            "received",
        ),
        (Some(i64::MAX), None, "2023-11-14T22:13:20.123Z", "received"),
        (
            Some(i64::MAX),
            Some(i64::MAX),
            "2023-11-14T22:13:20.123Z",
            "skew",
        ),
    ];
    let args = || {
        [
            column(Int64Array::from_iter(stamps.iter().map(|stamp| stamp.0))),
            column(Int64Array::from_iter(stamps.iter().map(|stamp| stamp.1))),
            literal(ScalarValue::TimestampMicrosecond(
                Some(RECEIVED * 1000),
                Some("UTC".into()),
            )),
        ]
    };
    assert_eq!(
        show(&EventTime::default(), args()),
        stamps.map(|stamp| stamp.2)
    );
    assert_eq!(
        show(&ClockRuleOf::default(), args()),
        stamps.map(|stamp| stamp.3)
    );
}

#[test]
fn stamps_may_be_timestamps_and_null() {
    let received = || instants(&["2026-03-01T12:00:00Z", ""]);
    let created = || {
        let created = micros("2026-03-01T11:59:00Z") / 1000;
        column(TimestampMillisecondArray::from(vec![created; 2]).with_timezone("+08:00"))
    };
    let null = || literal(ScalarValue::Null);
    assert_eq!(
        show(&EventTime::default(), [created(), null(), received()]),
        ["2026-03-01T11:59:00Z", "NULL"]
    );
    assert_eq!(
        show(&ClockRuleOf::default(), [created(), null(), received()]),
        ["client", "NULL"]
    );
    assert_eq!(
        show(&ClockRuleOf::default(), [null(), null(), received()]),
        ["received", "NULL"]
    );
    let naive = column(TimestampMicrosecondArray::from(vec![0]));
    let error = call(&EventTime::default(), [null(), null(), naive]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("argument 3 of event_time must be a timestamp with a time zone")
    );
}

#[test]
fn a_time_and_its_rule_can_be_null_only_where_received_can() {
    let millis = |stamps: [Option<i64>; 2]| column(Int64Array::from_iter(stamps));
    let certain = || instants(&["2026-03-01T12:00:00Z"; 2]);
    let uncertain = || instants(&["2026-03-01T12:00:00Z", ""]);
    let functions: [&dyn ScalarUDFImpl; 2] = [&EventTime::default(), &ClockRuleOf::default()];
    for function in functions {
        for (received, nullable) in [(certain(), false), (uncertain(), true)] {
            // No stamp of a client, whatever it is, makes a null.
            let stamps = [
                [None, None],
                [Some(i64::MIN), Some(i64::MAX)],
                [None, Some(0)],
            ];
            for created in stamps {
                for sent in stamps {
                    let args = [millis(created), millis(sent), received.clone()];
                    let planned = plan(function, args.clone()).unwrap();
                    assert_eq!(planned.return_field.is_nullable(), nullable);
                    let nulls = call(function, args).unwrap().null_count();
                    assert_eq!(nulls, usize::from(nullable));
                }
            }
        }
    }
}

#[test]
fn a_business_day_begins_at_local_midnight() {
    let cases = [
        (
            "2026-03-01T15:59:59.999999Z",
            "Asia/Shanghai",
            "2026-03-01",
            "2026-03-01T15:00:00Z",
        ),
        (
            "2026-03-01T16:00:00Z",
            "Asia/Shanghai",
            "2026-03-02",
            "2026-03-01T16:00:00Z",
        ),
        (
            "2026-03-01T16:00:00Z",
            "UTC",
            "2026-03-01",
            "2026-03-01T16:00:00Z",
        ),
        (
            "2026-03-01T18:29:59Z",
            "Asia/Kolkata",
            "2026-03-01",
            "2026-03-01T17:30:00Z",
        ),
        (
            "2026-03-01T18:30:00Z",
            "Asia/Kolkata",
            "2026-03-02",
            "2026-03-01T18:30:00Z",
        ),
        (
            "2026-03-01T18:20:00Z",
            "Asia/Kathmandu",
            "2026-03-02",
            "2026-03-01T18:15:00Z",
        ),
        (
            "1969-12-31T23:30:00Z",
            "UTC",
            "1969-12-31",
            "1969-12-31T23:00:00Z",
        ),
        // The clock is set forward, and back.
        (
            "2026-03-29T00:59:59Z",
            "Europe/Berlin",
            "2026-03-29",
            "2026-03-29T00:00:00Z",
        ),
        (
            "2026-03-29T01:00:00Z",
            "Europe/Berlin",
            "2026-03-29",
            "2026-03-29T01:00:00Z",
        ),
        (
            "2026-10-25T00:30:00Z",
            "Europe/Berlin",
            "2026-10-25",
            "2026-10-25T00:00:00Z",
        ),
        (
            "2026-10-25T01:30:00Z",
            "Europe/Berlin",
            "2026-10-25",
            "2026-10-25T01:00:00Z",
        ),
        // By half an hour, within an hour of UTC.
        (
            "2026-04-04T14:45:00Z",
            "Australia/Lord_Howe",
            "2026-04-05",
            "2026-04-04T14:00:00Z",
        ),
        (
            "2026-04-04T15:15:00Z",
            "Australia/Lord_Howe",
            "2026-04-05",
            "2026-04-04T14:30:00Z",
        ),
        ("2026-03-01T16:00:00Z", "Asia/shanghai", "NULL", "NULL"),
        ("2026-03-01T16:00:00Z", "", "NULL", "NULL"),
        ("", "UTC", "NULL", "NULL"),
    ];
    let args = || {
        [
            instants(&cases.map(|case| case.0)),
            column(StringArray::from_iter_values(cases.map(|case| case.1))),
        ]
    };
    assert_eq!(show(&Business::day(), args()), cases.map(|case| case.2));
    assert_eq!(show(&Business::hour(), args()), cases.map(|case| case.3));
    assert_eq!(
        show(
            &Business::day(),
            [
                literal(ScalarValue::TimestampMicrosecond(
                    Some(0),
                    Some("UTC".into())
                )),
                literal("Asia/Tokyo")
            ]
        ),
        ["1970-01-01"]
    );
    assert_eq!(
        show(
            &Business::day(),
            [
                instants(&["2026-03-01T16:00:00Z"]),
                literal(ScalarValue::Null)
            ]
        ),
        ["NULL"]
    );
}

const ZONES: [&str; 8] = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Monrovia",
    "UTC",
];

proptest! {
    #[test]
    fn days_and_hours_are_those_of_the_wall_clock(
        start in -3_000_000_000..4_000_000_000_i64,
        steps in prop::collection::vec((0..4000_i64, prop::sample::select(ZONES.to_vec())), 1..40),
    ) {
        let mut second = start;
        let (mut seconds, mut zones) = (Vec::new(), Vec::new());
        for (step, zone) in steps {
            second += step;
            seconds.push(second);
            zones.push(zone);
        }
        let args = || [
            column(TimestampMicrosecondArray::from_iter_values(seconds.iter().map(|s| s * 1_000_000)).with_timezone("UTC")),
            column(StringArray::from_iter_values(&zones)),
        ];
        let days = show(&Business::day(), args());
        let hours = show(&Business::hour(), args());
        for (row, (&second, zone)) in seconds.iter().zip(zones).enumerate() {
            let tz: chrono_tz::Tz = zone.parse().map_err(|_| TestCaseError::fail("zone"))?;
            let utc = DateTime::from_timestamp(second, 0).ok_or_else(|| TestCaseError::fail("second"))?;
            let wall = tz.from_utc_datetime(&utc.naive_utc());
            prop_assert_eq!(&days[row], &wall.date_naive().to_string());
            let into_hour = i64::from(wall.minute() * 60 + wall.second());
            let hour = utc - chrono::Duration::seconds(into_hour);
            prop_assert_eq!(&hours[row], &hour.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
    }

    #[test]
    fn any_instant_and_any_zone_are_taken(instants in prop::collection::vec(any::<i64>(), 1..9), zone in "\\PC{0,12}|UTC|Asia/Tokyo") {
        let instants = TimestampMicrosecondArray::from(instants).with_timezone("UTC");
        for function in [Business::day(), Business::hour()] {
            let array = call(&function, [column(instants.clone()), literal(zone.as_str())])?;
            prop_assert_eq!(array.len(), instants.len());
        }
    }
}
