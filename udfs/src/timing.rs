//! Rough times of the hot functions; the benches of the workspace are the real ones.
//!
//! `cargo test --release -p udfs timing -- --ignored --nocapture`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit};
use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Int64Array, StringArray, TimestampMicrosecondArray,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::logical_expr::{ColumnarValue, ScalarUDFImpl};

use crate::bytes::unbase64::Unbase64;
use crate::crypto::aes_decrypt::AesDecrypt;
use crate::crypto::tie::Tie;
use crate::device::canonical_device::CanonicalDevice;
use crate::json::from_json::FromJson;
use crate::keys::{KeyRing, SecretBytes};
use crate::list::elements::Elements;
use crate::testing::{call, column, literal, plan};
use crate::time::business::Business;
use crate::time::clock_rule::ClockRuleOf;
use crate::time::event_time::EventTime;

const ROWS: usize = 4096;
const ROUNDS: usize = 60;
const KEY: [u8; 32] = [6; 32];

const SCHEMA: &str = "ARRAY<STRUCT<event_id STRING, app_key STRING, event STRING, time BIGINT, send_time BIGINT, \
     channel STRUCT<id STRING, sub STRING, click_id STRING>, \
     device STRUCT<oaid STRING, android_id STRING, model STRING, brand STRING, os STRING, os_ver STRING>, \
     app STRUCT<ver STRING, build BIGINT, pkg STRING>, test BOOLEAN>>";

fn body(row: usize) -> String {
    let time = 1_700_000_000_000 + row * 13;
    format!(
        "[{{\"event_id\":\"{row:032x}\",\"app_key\":\"ak-browser-01\",\"event\":\"launch\",\"time\":{time},\
         \"send_time\":{},\"channel\":{{\"id\":\"ch{:04}\",\"sub\":\"s{}\",\"click_id\":null}},\
         \"device\":{{\"oaid\":\"{row:08x}-8b86-d011-b42d-00c04fc964ff\",\"android_id\":\"{row:016x}\",\
         \"model\":\"M2012K11AC\",\"brand\":\"Xiaomi\",\"os\":\"android\",\"os_ver\":\"13\"}},\
         \"app\":{{\"ver\":\"8.4.{}\",\"build\":{row},\"pkg\":\"com.example.browser\"}},\"test\":false}}]",
        time + 2000,
        row % 161,
        row % 7,
        row % 10,
    )
}

/// Prints the time a row, the best of all rounds beside the mean, and returns the result.
fn time(name: &str, function: &dyn ScalarUDFImpl, args: &[ColumnarValue]) -> ArrayRef {
    let planned = plan(function, args.to_vec()).unwrap();
    let mut best = f64::MAX;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        let round = Instant::now();
        black_box(function.invoke_with_args(planned.clone()).unwrap());
        best = best.min(round.elapsed().as_secs_f64());
    }
    let mean = start.elapsed().as_secs_f64() / ROUNDS as f64;
    let micros = |seconds: f64| seconds * 1e6 / ROWS as f64;
    println!(
        "{name:<24} best {:.3} µs, mean {:.3} µs a row",
        micros(best),
        micros(mean)
    );
    call(function, args.to_vec()).unwrap()
}

#[test]
#[ignore = "measures, and proves nothing"]
fn timing() {
    let keys = KeyRing::new([("m7".to_string(), SecretBytes::from(KEY.to_vec()))]).unwrap();
    let keys = Arc::new(keys);
    let cipher = Aes256Gcm::new(&KEY.into());
    let records: Vec<String> = (0..ROWS)
        .map(|row| {
            let nonce = [(row % 251) as u8; 12];
            let sealed = cipher.encrypt(&nonce.into(), body(row).as_bytes()).unwrap();
            let payload = STANDARD.encode([&nonce[..], &sealed].concat());
            format!("{{\"pkv\":7,\"key_id\":\"m7\",\"flush_time\":1700000000000,\"payload\":\"{payload}\"}}")
        })
        .collect();
    println!(
        "body {} bytes, record {} bytes",
        body(9).len(),
        records[9].len()
    );
    let values = column(BinaryArray::from_iter_values(&records));
    let envelope = time(
        "from_json envelope",
        &FromJson::default(),
        &[values, literal("key_id STRING, payload STRING")],
    );
    let [ids, payloads] =
        [0, 1].map(|n| column(envelope.as_struct().column(n).as_string::<i32>().clone()));
    let sealed = time("unbase64", &Unbase64::default(), &[payloads]);
    let sealed = column(sealed.as_binary::<i32>().clone());
    let plain = time(
        "try_aes_decrypt",
        &AesDecrypt::lenient(&keys),
        &[sealed, ids],
    );
    let body = column(plain.as_binary::<i32>().clone());
    let lists = time(
        "from_json body",
        &FromJson::default(),
        &[body.clone(), literal(SCHEMA)],
    );
    let list = column(lists.as_list::<i32>().clone());
    time(
        "elements",
        &Elements::default(),
        std::slice::from_ref(&list),
    );
    time(
        "elements with raw",
        &Elements::default(),
        &[list, body.clone()],
    );
    let device = lists
        .as_list::<i32>()
        .values()
        .as_struct()
        .column(6)
        .as_struct()
        .clone();
    let [oaid, android_id] = [0, 1].map(|n| column(device.column(n).as_string::<i32>().clone()));
    time(
        "canonical_device",
        &CanonicalDevice::default(),
        &[oaid, android_id],
    );
    let stamps = |shift: i64| {
        column(Int64Array::from_iter_values(
            (0..ROWS as i64).map(|row| 1_700_000_000_000 + row + shift),
        ))
    };
    let received = TimestampMicrosecondArray::from_iter_values(
        (0..ROWS as i64).map(|row| (1_700_000_000_000 + row) * 1000),
    );
    let received = column(received.with_timezone("UTC"));
    time(
        "event_time",
        &EventTime::default(),
        &[stamps(0), stamps(900), received.clone()],
    );
    time(
        "clock_rule",
        &ClockRuleOf::default(),
        &[stamps(0), stamps(900), received.clone()],
    );
    let zones = column(StringArray::from_iter_values(
        (0..ROWS).map(|row| ["Asia/Shanghai", "Asia/Tokyo"][row % 9 / 8]),
    ));
    time(
        "business_day",
        &Business::day(),
        &[received.clone(), zones.clone()],
    );
    time("business_hour", &Business::hour(), &[received, zones]);
    time(
        "tie of raw",
        &Tie::default(),
        &[literal(datafusion::scalar::ScalarValue::Null), body],
    );
}
