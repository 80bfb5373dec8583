//! Decryption against two independent implementations, and the SQL functions around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit, Nonce};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, StringArray};
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use proptest::prelude::*;
use serde::Deserialize;

use super::aes_decrypt::AesDecrypt;
use super::tie::Tie;
use crate::keys::key_known::KeyKnown;
use crate::keys::{KeyRing, SecretBytes};
use crate::testing::{call, column, literal, rows};

/// What `tests/vectors/make_aes_gcm.py` writes; bytes are in hexadecimal.
#[derive(Deserialize)]
struct Vectors {
    keys: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    key_id: String,
    sealed: String,
    /// Additional authenticated data; none where it is empty.
    #[serde(default)]
    aad: String,
    plain: Option<String>,
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .filter_map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        .collect()
}

fn ring(keys: impl IntoIterator<Item = (String, Vec<u8>)>) -> Arc<KeyRing> {
    let keys = keys
        .into_iter()
        .map(|(id, key)| (id, SecretBytes::from(key)));
    Arc::new(KeyRing::new(keys).unwrap())
}

fn open(ring: &Arc<KeyRing>, sealed: &[Option<Vec<u8>>], ids: &[Option<&str>]) -> ArrayRef {
    let args = [
        column(BinaryArray::from_iter(sealed)),
        column(StringArray::from_iter(ids)),
    ];
    call(&AesDecrypt::lenient(ring), args).unwrap()
}

#[test]
fn values_sealed_by_python_open() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../tests/vectors/aes_gcm.json")).unwrap();
    let ring = ring(
        vectors
            .keys
            .iter()
            .map(|(id, key)| (id.clone(), bytes(key))),
    );
    let sealed: Vec<_> = vectors
        .cases
        .iter()
        .map(|case| Some(bytes(&case.sealed)))
        .collect();
    let ids: Vec<_> = vectors
        .cases
        .iter()
        .map(|case| Some(case.key_id.as_str()))
        .collect();
    let aads = vectors.cases.iter().map(|case| bytes(&case.aad));
    let args = [
        column(BinaryArray::from_iter(&sealed)),
        column(StringArray::from_iter(&ids)),
        literal("GCM"),
        literal("DEFAULT"),
        column(BinaryArray::from_iter_values(aads)),
    ];
    let opened = call(&AesDecrypt::lenient(&ring), args).unwrap();
    let opened = opened.as_binary::<i32>();
    assert!(vectors.cases.len() > 40);
    assert!(vectors.cases.iter().any(|case| !case.aad.is_empty()));
    for (row, case) in vectors.cases.iter().enumerate() {
        let plain = opened.is_valid(row).then(|| opened.value(row));
        assert_eq!(
            plain,
            case.plain.as_deref().map(bytes).as_deref(),
            "{}, {}",
            case.key_id,
            case.name
        );
    }
}

fn seal(key: &[u8], nonce: &[u8; 12], plain: &[u8]) -> Vec<u8> {
    let nonce = Nonce::from_slice(nonce);
    let sealed = match key.len() {
        16 => Aes128Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(nonce, plain),
        _ => Aes256Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(nonce, plain),
    };
    [nonce.as_slice(), &sealed.unwrap()].concat()
}

proptest! {
    #[test]
    fn decryption_undoes_encryption(
        plains in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), any::<[u8; 12]>(), any::<bool>()), 1..20),
        short in any::<[u8; 16]>(),
        long in any::<[u8; 32]>(),
    ) {
        let ring = ring([("short".to_string(), short.to_vec()), ("long".to_string(), long.to_vec())]);
        let sealed: Vec<_> = plains
            .iter()
            .map(|(plain, nonce, is_long)| Some(seal(if *is_long { &long } else { &short }, nonce, plain)))
            .collect();
        let ids: Vec<_> = plains.iter().map(|(_, _, is_long)| Some(if *is_long { "long" } else { "short" })).collect();
        let expected: BinaryArray = plains.iter().map(|(plain, _, _)| Some(plain)).collect();
        let opened = open(&ring, &sealed, &ids);
        prop_assert_eq!(opened.as_binary::<i32>(), &expected);
    }

    #[test]
    fn damaged_values_stay_shut(
        plain in prop::collection::vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        garbage in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let key = [7; 32];
        let ring = ring([("k".to_string(), key.to_vec())]);
        let mut sealed = seal(&key, &[1; 12], &plain);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let cut = sealed[..at].to_vec();
        let opened = open(&ring, &[Some(sealed), Some(cut), Some(garbage)], &[Some("k"); 3]);
        prop_assert_eq!(opened.null_count(), 3);
    }
}

const KEY: [u8; 16] = [9; 16];

fn one_key() -> Arc<KeyRing> {
    ring([("m7".to_string(), KEY.to_vec())])
}

#[test]
fn nulls_scalars_and_views_are_taken() {
    let ring = one_key();
    let sealed = seal(&KEY, &[0; 12], b"body");
    let ids = [Some("m7"), None, Some("m7"), Some("m8")];
    let column_of = [
        Some(sealed.clone()),
        Some(sealed.clone()),
        None,
        Some(sealed.clone()),
    ];
    assert_eq!(
        rows(&open(&ring, &column_of, &ids)),
        ["626f6479", "NULL", "NULL", "NULL"]
    );
    let function = AesDecrypt::lenient(&ring);
    let sealed_scalar = || literal(ScalarValue::Binary(Some(sealed.clone())));
    let views = BinaryViewArray::from_iter_values([&sealed, &sealed]);
    for (args, expected) in [
        ([sealed_scalar(), literal("m7")], vec!["626f6479"]),
        ([column(views), literal("m7")], vec!["626f6479"; 2]),
        (
            [sealed_scalar(), column(StringArray::from(vec!["m8", "m7"]))],
            vec!["NULL", "626f6479"],
        ),
        ([sealed_scalar(), literal(ScalarValue::Null)], vec!["NULL"]),
    ] {
        assert_eq!(rows(&call(&function, args).unwrap()), expected);
    }
}

#[test]
fn aes_decrypt_raises_without_telling_secrets() {
    let ring = one_key();
    let sealed = seal(&KEY, &[0; 12], b"body");
    let raise = |sealed: &[u8], id: &str| -> Result<Vec<String>> {
        let sealed = literal(ScalarValue::Binary(Some(sealed.to_vec())));
        Ok(rows(&call(
            &AesDecrypt::raising(&ring),
            [sealed, literal(id)],
        )?))
    };
    assert_eq!(raise(&sealed, "m7").unwrap(), ["626f6479"]);
    for (sealed, id, expected) in [
        (&sealed[..], "m8", "the key ring has no key \"m8\""),
        (&sealed[..20], "m7", "shorter than a nonce and a tag"),
        (&sealed[1..], "m7", "was not sealed with key \"m7\""),
    ] {
        let error = raise(sealed, id).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(
            !error.contains("0909") && !error.contains("body"),
            "{error}"
        );
    }
}

#[test]
fn only_the_mode_that_spark_seals_with_is_planned() {
    let ring = one_key();
    let plan = |more: &[&str]| {
        let sealed = literal(ScalarValue::Binary(Some(seal(&KEY, &[0; 12], b"body"))));
        let mut args: Vec<ColumnarValue> = vec![sealed, literal("m7")];
        args.extend(more.iter().map(|&word| literal(word)));
        call(&AesDecrypt::lenient(&ring), args).map(|array| rows(&array))
    };
    assert_eq!(plan(&["gcm", "DEFAULT"]).unwrap(), ["626f6479"]);
    assert_eq!(plan(&["GCM", "NONE"]).unwrap(), ["626f6479"]);
    for more in [&["CBC"][..], &["GCM", "PKCS"]] {
        assert!(
            plan(more)
                .unwrap_err()
                .to_string()
                .contains("must be the literal")
        );
    }
    assert!(
        plan(&["GCM", "NONE", "aad", "more"])
            .unwrap_err()
            .to_string()
            .contains("takes 2 to 5 arguments")
    );
}

#[test]
fn additional_data_must_be_the_same_and_may_differ_by_row() {
    let ring = one_key();
    let sealed = |aad: &[u8]| {
        let cipher = Aes128Gcm::new_from_slice(&KEY).unwrap();
        let nonce = [0; 12];
        let payload = Payload { msg: b"body", aad };
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), payload);
        [&nonce[..], &sealed.unwrap()].concat()
    };
    let open = |aad: ColumnarValue| {
        let values = [sealed(b"a"), sealed(b"b"), sealed(b"")];
        let args = [
            column(BinaryArray::from_iter_values(values)),
            literal("m7"),
            literal("GCM"),
            literal("DEFAULT"),
            aad,
        ];
        call(&AesDecrypt::lenient(&ring), args).map(|array| rows(&array))
    };
    assert_eq!(open(literal("b")).unwrap(), ["NULL", "626f6479", "NULL"]);
    let each = BinaryArray::from_opt_vec(vec![Some(b"a"), None, Some(b"")]);
    assert_eq!(
        open(column(each)).unwrap(),
        ["626f6479", "NULL", "626f6479"]
    );
    let null = literal(ScalarValue::Null);
    assert_eq!(open(null).unwrap(), ["NULL"; 3], "as in Spark");
}

#[test]
fn key_known_is_never_null() {
    let ids = StringArray::from(vec![Some("m7"), None, Some("m7"), Some(""), Some("M7")]);
    let known = call(&KeyKnown::new(&one_key()), [column(ids)]).unwrap();
    assert_eq!(rows(&known), ["true", "false", "true", "false", "false"]);
    let known = call(&KeyKnown::new(&one_key()), [literal(ScalarValue::Null)]).unwrap();
    assert_eq!(rows(&known), ["false"]);
}

#[test]
fn ties_are_the_first_bytes_of_sha_256() {
    let event_ids = StringArray::from(vec![Some("abc"), None, Some(""), None]);
    let raws = BinaryArray::from_opt_vec(vec![Some(b"x"), Some(b"abc"), None, None]);
    let ties = call(&Tie::default(), [column(event_ids), column(raws)]).unwrap();
    assert_eq!(
        rows(&ties),
        [
            "ba7816bf8f01cfea",
            "ba7816bf8f01cfea",
            "e3b0c44298fc1c14",
            "NULL"
        ]
    );
    let tie = call(&Tie::default(), [literal(ScalarValue::Null), literal("文")]).unwrap();
    assert_eq!(rows(&tie), ["3677ef77b1574d16"]);
}
