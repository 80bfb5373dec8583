//! Base64 and gzip: tables of cases, and other implementations.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array, StringArray};
use base64::Engine;
use base64::engine::general_purpose;
use datafusion::scalar::ScalarValue;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::gunzip_if::{GunzipIf, INFLATED_BYTES_MAX};
use super::unbase64::Unbase64;
use crate::testing::{call, column, literal, rows};

fn decode(texts: &[&[u8]]) -> ArrayRef {
    call(
        &Unbase64::default(),
        [column(BinaryArray::from_iter_values(texts))],
    )
    .unwrap()
}

#[test]
fn base64_is_decoded_or_null() {
    let cases: &[(&str, &str)] = &[
        ("", ""),
        ("Zg==", "66"),
        ("Zg", "66"),
        ("Zm9v", "666f6f"),
        ("Zm9vYg==", "666f6f62"),
        ("Zm9vYmE", "666f6f6261"),
        ("+/+/", "fbffbf"),
        ("-_-_", "fbffbf"),
        ("-_8=", "fbff"),
        ("-_8", "fbff"),
        (" Zm9v\r\nYg==\n", "666f6f62"),
        ("+_+_", "NULL"),
        ("Z", "NULL"),
        ("Zm9vY", "NULL"),
        ("Zh==", "NULL"),
        ("Zg=", "NULL"),
        ("Zg===", "NULL"),
        ("=", "NULL"),
        ("Zm9v!", "NULL"),
        ("Zm=v", "NULL"),
        ("文", "NULL"),
    ];
    let texts: Vec<_> = cases.iter().map(|(text, _)| text.as_bytes()).collect();
    let expected: Vec<_> = cases.iter().map(|(_, bytes)| *bytes).collect();
    assert_eq!(rows(&decode(&texts)), expected);
    let strings = StringArray::from(vec![Some("Zm9v"), None, Some("?"), Some("Zg==")]);
    let decoded = call(&Unbase64::default(), [column(strings)]).unwrap();
    assert_eq!(rows(&decoded), ["666f6f", "NULL", "NULL", "66"]);
    assert_eq!(
        rows(&call(&Unbase64::default(), [literal(ScalarValue::Null)]).unwrap()),
        ["NULL"]
    );
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(plains in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        for engine in [general_purpose::STANDARD, general_purpose::STANDARD_NO_PAD, general_purpose::URL_SAFE, general_purpose::URL_SAFE_NO_PAD] {
            let texts: Vec<_> = plains.iter().map(|plain| engine.encode(plain)).collect();
            let texts: Vec<_> = texts.iter().map(String::as_bytes).collect();
            let decoded = decode(&texts);
prop_assert_eq!(decoded.as_binary::<i32>(), &BinaryArray::from_iter_values(&plains));
        }
    }

    #[test]
    fn any_bytes_are_decoded_as_another_implementation_does(text in "[A-Za-z0-9+/=_-]{0,12}|\\PC{0,8}") {
        let decoded = decode(&[text.as_bytes()]);
        let dense: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let other = [general_purpose::STANDARD, general_purpose::STANDARD_NO_PAD, general_purpose::URL_SAFE, general_purpose::URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| engine.decode(&dense).ok());
        let decoded = decoded.as_binary::<i32>();
        prop_assert_eq!(decoded.is_valid(0).then(|| decoded.value(0)), other.as_deref());
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn inflate(values: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
    let values = column(BinaryArray::from_iter_values(values));
    let array = call(&GunzipIf::default(), [values]).unwrap();
    array
        .as_binary::<i32>()
        .iter()
        .map(|value| value.map(<[u8]>::to_vec))
        .collect()
}

#[test]
fn only_gzip_is_inflated() {
    let plain = b"[{\"event\":\"launch\"}]".repeat(100);
    let mut header = GzBuilder::new()
        .filename("name")
        .comment("comment")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), Compression::fast());
    header.write_all(&plain).unwrap();
    let whole = gzip(&plain);
    let two = [gzip(b"a"), gzip(b"b")].concat();
    let damage = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        bytes
    };
    let cases = [
        (whole.clone(), Some(plain.clone())),
        (header.finish().unwrap(), Some(plain.clone())),
        (two, Some(b"ab".to_vec())),
        (gzip(b""), Some(Vec::new())),
        (plain.clone(), Some(plain.clone())),
        (Vec::new(), Some(Vec::new())),
        (vec![0x1F], Some(vec![0x1F])),
        (vec![0x1F, 0x8B], None),
        (whole[..whole.len() - 1].to_vec(), None),
        (whole[..whole.len() - 8].to_vec(), None),
        (whole[..20].to_vec(), None),
        ([&whole[..], b"x"].concat(), None),
        (damage(2), None),
        (damage(3), None),
        (damage(12), None),
        (damage(whole.len() - 5), None),
        (damage(whole.len() - 3), None),
    ];
    let (values, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(inflate(&values), expected);
}

#[test]
fn inflating_has_a_limit() {
    let bomb = gzip(&vec![0; INFLATED_BYTES_MAX + 1]);
    let most = gzip(&vec![0; INFLATED_BYTES_MAX]);
    let inflated = inflate(&[bomb, most, b"next".to_vec()]);
    assert_eq!(inflated[0], None);
    assert_eq!(inflated[1].as_ref().map(Vec::len), Some(INFLATED_BYTES_MAX));
    assert_eq!(inflated[2].as_deref(), Some(&b"next"[..]));
    let values = || {
        let rows = [gzip(b"12345"), b"123456".to_vec(), gzip(b"123456")];
        column(BinaryArray::from_iter_values(rows))
    };
    let limited = call(&GunzipIf::default(), [values(), literal(5_i32)]).unwrap();
    assert_eq!(rows(&limited), ["3132333435", "313233343536", "NULL"]);
    let limits = Int64Array::from(vec![Some(4), None, Some(6)]);
    let limited = call(&GunzipIf::default(), [values(), column(limits)]).unwrap();
    assert_eq!(rows(&limited), ["NULL", "313233343536", "313233343536"]);
    for limit in [
        literal(0_i64),
        literal(-1_i64),
        literal(ScalarValue::Int64(None)),
    ] {
        let limited = call(&GunzipIf::default(), [values(), limit]).unwrap();
        assert_eq!(limited.null_count(), 2);
    }
}

proptest! {
    #[test]
    fn inflating_undoes_deflating(plains in prop::collection::vec(prop::collection::vec(0..4_u8, 0..9000), 1..5)) {
        let values: Vec<_> = plains.iter().map(|plain| gzip(plain)).collect();
        let expected: Vec<_> = plains.into_iter().map(Some).collect();
        prop_assert_eq!(inflate(&values), expected);
    }

    #[test]
    fn damaged_gzip_gives_null_or_what_it_was(
        plain in prop::collection::vec(0..4_u8, 0..2000),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        garbage in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = gzip(&plain);
        for (at, byte) in damage {
            // The magic stays, and so does the checksum's place.
            let at = 2 + at.index(bytes.len() - 2);
            bytes[at] = byte;
        }
        let garbage = [&[0x1F, 0x8B, 8, 0][..], &garbage].concat();
        let inflated = inflate(&[bytes, garbage]);
        prop_assert!(inflated[0].as_ref().is_none_or(|bytes| *bytes == plain));
    }
}
