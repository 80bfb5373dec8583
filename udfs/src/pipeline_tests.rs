//! All functions in one query, as a pipeline has them.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, TimestampMicrosecondArray};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::keys::{KeyRing, SecretBytes};
use crate::testing::rows;

const QUERY: &str = "
    WITH opened AS (SELECT *, from_json(value, 'key_id STRING, payload STRING') AS envelope FROM mobile),
         plain AS (SELECT *, gunzip_if(try_aes_decrypt(unbase64(envelope['payload']), envelope['key_id'])) AS body FROM opened),
         logs AS (SELECT *, unnest_outer(elements(from_json(body,
             'ARRAY<STRUCT<event_id STRING, time BIGINT, send_time BIGINT, device STRUCT<oaid STRING, android_id STRING>>>'), body)) AS l FROM plain)
    SELECT l['index'] AS index,
           canonical_device(l['value']['device']['oaid'], l['value']['device']['android_id']) AS device,
           event_time(l['value']['time'], l['value']['send_time'], received) AS event_time,
           clock_rule(l['value']['time'], l['value']['send_time'], received) AS clock_rule,
           business_day(received, 'Asia/Shanghai') AS day,
           tie(l['value']['event_id'], l['raw']) AS tie,
           CASE WHEN NOT key_known(envelope['key_id']) THEN 'unknown key'
                WHEN body IS NULL THEN 'cannot decrypt'
                WHEN l['value'] IS NULL THEN 'malformed' END AS reject
    FROM logs";

const KEY: [u8; 16] = [5; 16];
const RECEIVED_US: i64 = 1_772_380_800_000_000;

fn record(key_id: &str, body: &str) -> Vec<u8> {
    use aes_gcm::aead::Aead;
    use aes_gcm::{Aes128Gcm, KeyInit};
    let nonce = [3; 12];
    let sealed = Aes128Gcm::new(&KEY.into())
        .encrypt(&nonce.into(), body.as_bytes())
        .unwrap();
    let payload = STANDARD.encode([&nonce[..], &sealed].concat());
    format!(r#"{{"pkv":7,"key_id":"{key_id}","payload":"{payload}"}}"#).into_bytes()
}

fn session(values: Vec<Vec<u8>>) -> SessionContext {
    let config =
        SessionConfig::new().set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let mut context = SessionContext::new_with_config(config);
    let keys = KeyRing::new([("m7".to_string(), SecretBytes::from(KEY.to_vec()))]).unwrap();
    crate::register_all(&mut context, &Arc::new(keys)).unwrap();
    let received =
        TimestampMicrosecondArray::from(vec![RECEIVED_US; values.len()]).with_timezone("UTC");
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(values));
    let batch =
        RecordBatch::try_from_iter([("value", values), ("received", Arc::new(received))]).unwrap();
    context.register_batch("mobile", batch).unwrap();
    context
}

async fn answer(context: &SessionContext, query: &str) -> Vec<String> {
    let batches = context.sql(query).await.unwrap().collect().await.unwrap();
    batches
        .iter()
        .flat_map(|batch| {
            let columns: Vec<_> = batch.columns().iter().map(|column| rows(column)).collect();
            (0..batch.num_rows()).map(move |row| {
                columns
                    .iter()
                    .map(|column| column[row].as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        })
        .collect()
}

#[tokio::test]
async fn every_record_becomes_rows_or_one_reject() {
    let one = r#"[{"event_id":"abc","time":1772380799000,"send_time":1772380800000,"device":{"oaid":"AB-CD"}}]"#;
    let two = r#"[{"device":{"oaid":"0000","android_id":"x1"}},{"device":[]}]"#;
    let context = session(vec![
        record("m7", one),
        record("m7", two),
        record("m8", one),
        br#"{"key_id":"m7","payload":"AAAA"}"#.to_vec(),
        record("m7", "[]"),
        record("m7", "[null]"),
        record("m7", "no json"),
        b"no json".to_vec(),
    ]);
    assert_eq!(
        answer(&context, QUERY).await,
        [
            "0 abcd 2026-03-01T15:59:59Z skew 2026-03-02 ba7816bf8f01cfea NULL",
            "0 x1 2026-03-01T16:00:00Z received 2026-03-02 2f75db56c9b15f12 NULL",
            "1 NULL 2026-03-01T16:00:00Z received 2026-03-02 6f64de1d9c5a3dbc NULL",
            "NULL NULL 2026-03-01T16:00:00Z received 2026-03-02 NULL unknown key",
            "NULL NULL 2026-03-01T16:00:00Z received 2026-03-02 NULL cannot decrypt",
            "NULL NULL 2026-03-01T16:00:00Z received 2026-03-02 NULL malformed",
            "0 NULL 2026-03-01T16:00:00Z received 2026-03-02 TIE malformed",
            "NULL NULL 2026-03-01T16:00:00Z received 2026-03-02 NULL malformed",
            "NULL NULL 2026-03-01T16:00:00Z received 2026-03-02 NULL unknown key",
        ]
    );
}

#[tokio::test]
async fn calls_of_literals_alone_are_answered() {
    let context = session(vec![]);
    for (query, expected) in [
        ("SELECT unbase64('aGVhZHdhdGVy')", "6865616477617465 72"),
        (
            "SELECT from_json('{\"id\":\"a\",\"n\":[1,2]}', 'id STRING, n ARRAY<INT>')",
            "{id: a, n: [1, 2]}",
        ),
        (
            "SELECT business_hour(TIMESTAMP '2026-03-01T16:10:00Z' AT TIME ZONE 'UTC', 'Asia/Kolkata')",
            "2026-03-01T15:30:00Z",
        ),
        (
            "SELECT canonical_device('00000000-0000-0000-0000-000000000000', '9A:3B:FF:01')",
            "9a3bff01",
        ),
        ("SELECT key_known(NULL)", "false"),
    ] {
        assert_eq!(
            answer(&context, query).await,
            [expected.replace("65 72", "6572")],
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_wrong_call_is_an_error_of_planning() {
    let context = session(vec![]);
    for (query, expected) in [
        (
            "SELECT from_json(value, 'a WHAT') FROM mobile",
            "needs a type",
        ),
        ("SELECT from_json(value) FROM mobile", "takes 2 arguments"),
        (
            "SELECT from_json(value, cast(value AS STRING)) FROM mobile",
            "must be a string literal",
        ),
        (
            "SELECT unbase64(received) FROM mobile",
            "must be binary or a string",
        ),
        (
            "SELECT try_aes_decrypt(value, 'm7', 'CBC') FROM mobile",
            "must be the literal 'GCM'",
        ),
        (
            "SELECT business_day(to_timestamp_millis(1), 'UTC')",
            "must be a timestamp with a time zone",
        ),
    ] {
        let error = context.sql(query).await.map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{query}: {error}");
    }
}
