//! Well-typed JSON gives the same columns as arrow-json.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray};
use arrow::datatypes::{DataType, Field, Fields};
use arrow_json::ReaderBuilder;
use datafusion::error::Result;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use crate::json::from_json;
use crate::testing::assert_null_to_the_bottom;

/// A struct or a list at the top, and anything a schema can name below.
fn random_type(rng: &mut StdRng, depth: usize) -> DataType {
    let kind = if depth == 0 {
        rng.random_range(6..8)
    } else {
        rng.random_range(0..8)
    };
    match kind % 8 {
        0 if depth > 0 => DataType::Boolean,
        1 => DataType::Int32,
        2 => DataType::Int64,
        3 => DataType::Float64,
        6 if depth < 4 => {
            let item = random_type(rng, depth + 1);
            DataType::List(Arc::new(Field::new_list_field(item, true)))
        }
        7 if depth < 4 => {
            let count = rng.random_range(1..6);
            let field = |n| Field::new(format!("f{n}"), random_type(rng, depth + 1), true);
            DataType::Struct((0..count).map(field).collect::<Fields>())
        }
        _ => DataType::Utf8,
    }
}

fn write_value(rng: &mut StdRng, data_type: &DataType, nullable: bool, out: &mut String) {
    let space = [" ", "\n", ""];
    out.push_str(space[rng.random_range(0..3)]);
    if nullable && rng.random_ratio(1, 6) {
        out.push_str("null");
        return;
    }
    match data_type {
        DataType::Boolean => out.push_str(if rng.random() { "true" } else { "false" }),
        DataType::Int32 => write_number(out, rng.random::<i32>() >> rng.random_range(0..32)),
        DataType::Int64 => write_number(out, rng.random::<i64>() >> rng.random_range(0..64)),
        DataType::Float64 => match rng.random_range(0..3) {
            0 => write_number(out, rng.random_range(-1e6..1e6_f64)),
            1 => write_number(out, f64::from(rng.random::<i32>()) / 1000.0),
            _ => {
                let double = f64::from_bits(rng.random());
                let _ = write!(out, "{:e}", if double.is_finite() { double } else { 0.5 });
            }
        },
        DataType::List(item) => {
            out.push('[');
            for n in 0..rng.random_range(0..4) {
                out.push_str(if n > 0 { "," } else { "" });
                write_value(rng, item.data_type(), true, out);
            }
            out.push_str(" ]");
        }
        DataType::Struct(fields) => write_object(rng, fields, out),
        _ => write_text(rng, out),
    }
    out.push_str(space[rng.random_range(0..3)]);
}

fn write_number(out: &mut String, number: impl std::fmt::Display) {
    let _ = write!(out, "{number}");
}

fn write_object(rng: &mut StdRng, fields: &Fields, out: &mut String) {
    let mut fields: Vec<_> = fields.iter().collect();
    if rng.random_ratio(1, 4) {
        fields.shuffle(rng);
    }
    let mut separator = "";
    out.push('{');
    for field in fields {
        if rng.random_ratio(1, 6) {
            continue;
        }
        let _ = write!(out, "{separator}\"{}\":", field.name());
        write_value(rng, field.data_type(), true, out);
        separator = ",";
        if rng.random_ratio(1, 10) {
            out.push_str(",\"unknown\":{\"f0\":[1,\"]\",{}]}");
        }
    }
    out.push('}');
}

fn write_text(rng: &mut StdRng, out: &mut String) {
    const PIECES: [&str; 12] = [
        "a",
        "longer text than eight bytes",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u00e9",
        "\\ud83d\\ude00",
        "文",
        "😀",
        "{",
        "\\t",
    ];
    out.push('"');
    for _ in 0..rng.random_range(0..6) {
        out.push_str(PIECES.choose(rng).copied().unwrap_or_default());
    }
    out.push('"');
}

fn by_arrow_json(texts: &[String], data_type: &DataType) -> Result<ArrayRef> {
    let field = Arc::new(Field::new("root", data_type.clone(), true));
    let mut decoder = ReaderBuilder::new_with_field(field)
        .with_batch_size(texts.len())
        .build_decoder()?;
    for text in texts {
        decoder.decode(text.as_bytes())?;
        decoder.decode(b"\n")?;
    }
    let batch = decoder
        .flush()?
        .ok_or(arrow::error::ArrowError::ComputeError("no rows".into()))?;
    Ok(Arc::clone(batch.column(0)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn columns_are_those_of_arrow_json(seed in any::<u64>()) {
        let mut rng = StdRng::seed_from_u64(seed);
        let data_type = random_type(&mut rng, 0);
        let texts: Vec<String> = (0..rng.random_range(1..8))
            .map(|_| {
                let mut text = String::new();
                write_value(&mut rng, &data_type, false, &mut text);
                text
            })
            .collect();
        let array = from_json::parse(&BinaryArray::from_iter_values(&texts), &data_type)?;
        assert_null_to_the_bottom(&array);
        prop_assert_eq!(&array, &by_arrow_json(&texts, &data_type)?, "{:?}", texts);
    }
}
