//! The functions one after the other, as a pipeline has them.

use std::sync::Arc;

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::logical_expr::ColumnarValue;

use crate::bytes::gunzip_if::GunzipIf;
use crate::bytes::unbase64::Unbase64;
use crate::crypto::aes_decrypt::AesDecrypt;
use crate::crypto::tie::Tie;
use crate::device::canonical_device::CanonicalDevice;
use crate::json::from_json::FromJson;
use crate::keys::key_known::KeyKnown;
use crate::keys::{KeyRing, SecretBytes};
use crate::list::elements::Elements;
use crate::testing::{call, column, literal, rows};

const KEY: [u8; 16] = [5; 16];

fn record(key_id: &str, body: &str) -> Vec<u8> {
    let nonce = [3; 12];
    let sealed = Aes128Gcm::new(&KEY.into())
        .encrypt(&nonce.into(), body.as_bytes())
        .unwrap();
    let payload = STANDARD.encode([&nonce[..], &sealed].concat());
    format!(r#"{{"pkv":7,"key_id":"{key_id}","payload":"{payload}"}}"#).into_bytes()
}

fn field(array: &ArrayRef, name: &str) -> ColumnarValue {
    let child = array.as_struct().column_by_name(name).unwrap();
    ColumnarValue::Array(Arc::clone(child))
}

#[test]
fn every_record_becomes_elements_or_one_null() {
    let one = r#"[{"event_id":"abc","device":{"oaid":"AB-CD"}}]"#;
    let two = r#"[{"device":{"oaid":"0000","android_id":"x1"}},{"device":[]}]"#;
    let values = [
        record("m7", one),
        record("m7", two),
        record("m8", one),
        br#"{"key_id":"m7","payload":"AAAA"}"#.to_vec(),
        record("m7", "[]"),
        record("m7", "[null]"),
        record("m7", "no json"),
        b"no json".to_vec(),
    ];
    let keys = KeyRing::new([("m7".to_string(), SecretBytes::from(KEY.to_vec()))]).unwrap();
    let keys = Arc::new(keys);
    let values = column(BinaryArray::from_iter_values(values));
    let schema = literal("key_id STRING, payload STRING");
    let envelope = call(&FromJson::default(), [values, schema]).unwrap();
    let key_id = || field(&envelope, "key_id");
    let known = call(&KeyKnown::new(&keys), [key_id()]).unwrap();
    assert_eq!(
        rows(&known),
        [
            "true", "true", "false", "true", "true", "true", "true", "false"
        ]
    );
    let sealed = call(&Unbase64::default(), [field(&envelope, "payload")]).unwrap();
    let sealed = ColumnarValue::Array(sealed);
    let plain = call(&AesDecrypt::lenient(&keys), [sealed, key_id()]).unwrap();
    let body = call(&GunzipIf::default(), [ColumnarValue::Array(plain)]).unwrap();
    let opened: Vec<_> = (0..body.len()).map(|row| body.is_valid(row)).collect();
    assert_eq!(opened, [true, true, false, false, true, true, true, false]);
    let body = || ColumnarValue::Array(Arc::clone(&body));
    let schema =
        literal("ARRAY<STRUCT<event_id STRING, device STRUCT<oaid STRING, android_id STRING>>>");
    let list = call(&FromJson::default(), [body(), schema]).unwrap();
    let list = call(&Elements::default(), [ColumnarValue::Array(list), body()]).unwrap();
    let list = list.as_list::<i32>();
    let lengths: Vec<_> = list
        .iter()
        .map(|list| list.map(|list| list.len()))
        .collect();
    assert_eq!(
        lengths,
        [Some(1), Some(2), None, None, None, Some(1), None, None]
    );
    let element = Arc::clone(list.values());
    let ColumnarValue::Array(value) = field(&element, "value") else {
        unreachable!("a field of a column is a column")
    };
    let ColumnarValue::Array(device) = field(&value, "device") else {
        unreachable!("a field of a column is a column")
    };
    let ids = [field(&device, "oaid"), field(&device, "android_id")];
    let devices = call(&CanonicalDevice::default(), ids).unwrap();
    assert_eq!(rows(&devices), ["abcd", "x1", "NULL", "NULL"]);
    let ties = [field(&value, "event_id"), field(&element, "raw")];
    let ties = call(&Tie::default(), ties).unwrap();
    assert_eq!(
        rows(&ties),
        [
            "ba7816bf8f01cfea",
            "4c593ff88dbb5254",
            "e86a29442a3a79fc",
            "1d8fc6ceb1f94c63"
        ]
    );
}
