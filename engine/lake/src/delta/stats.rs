//! A file's statistics as the JSON text of an `add` action.

use std::collections::BTreeMap;

use common::{ColumnRange, DataFile, EngineError, Result};
use serde_json::{Map, Value};

/// The statistics of a file: `numRecords`, `minValues`, `maxValues`, `nullCount`. A dotted name
/// is a leaf of a struct, and is written nested.
pub fn to_json(file: &DataFile) -> String {
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (column, range) in &file.ranges {
        if !range.min.is_null() && !range.max.is_null() {
            insert(&mut min, column, range.min.clone());
            insert(&mut max, column, range.max.clone());
        }
        insert(&mut nulls, column, Value::from(range.null_count));
    }
    let mut all = Map::new();
    all.insert("numRecords".to_owned(), Value::from(file.rows));
    all.insert("minValues".to_owned(), Value::Object(min));
    all.insert("maxValues".to_owned(), Value::Object(max));
    all.insert("nullCount".to_owned(), Value::Object(nulls));
    Value::Object(all).to_string()
}

fn insert(into: &mut Map<String, Value>, column: &str, value: Value) {
    match column.split_once('.') {
        None => {
            into.insert(column.to_owned(), value);
        }
        Some((parent, leaf)) => {
            let nested = into
                .entry(parent)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(nested) = nested {
                insert(nested, leaf, value);
            }
        }
    }
}

/// Rows and ranges from statistics.
///
/// # Errors
/// [`common::Kind::Data`] if the text is not JSON or has no row count; the caller names the file.
pub fn from_json(text: &str) -> Result<(i64, BTreeMap<String, ColumnRange>)> {
    let stats: Value = serde_json::from_str(text)
        .map_err(|e| EngineError::data("statistics are not JSON").caused_by(e))?;
    let rows = stats["numRecords"]
        .as_i64()
        .ok_or_else(|| EngineError::data("statistics have no row count"))?;
    let mut ranges = BTreeMap::new();
    flatten(&stats["nullCount"], "", &mut |column, value| {
        entry(&mut ranges, column).null_count = value.as_i64().unwrap_or(0);
    });
    flatten(&stats["minValues"], "", &mut |column, value| {
        entry(&mut ranges, column).min = value.clone();
    });
    flatten(&stats["maxValues"], "", &mut |column, value| {
        entry(&mut ranges, column).max = value.clone();
    });
    Ok((rows, ranges))
}

fn entry(ranges: &mut BTreeMap<String, ColumnRange>, column: String) -> &mut ColumnRange {
    ranges.entry(column).or_insert(ColumnRange {
        min: Value::Null,
        max: Value::Null,
        null_count: 0,
    })
}

fn flatten(of: &Value, prefix: &str, each: &mut impl FnMut(String, &Value)) {
    let Value::Object(members) = of else { return };
    for (name, value) in members {
        let name = format!("{prefix}{name}");
        if value.is_object() {
            flatten(value, &format!("{name}."), each);
        } else {
            each(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn ranges_survive_the_text() {
        let range = |min: Value, max: Value| ColumnRange {
            min,
            max,
            null_count: 1,
        };
        let file = DataFile {
            path: Arc::from("x"),
            partition_values: BTreeMap::new(),
            size: 1,
            rows: 9,
            modified_at_ms: 0,
            ranges: BTreeMap::from([
                ("name".to_owned(), range(json!("a\"b"), json!("z"))),
                ("position.offset".to_owned(), range(json!(1), json!(2))),
                ("position.partition".to_owned(), range(json!(0), json!(0))),
                ("nothing".to_owned(), range(Value::Null, Value::Null)),
            ]),
        };
        let text = to_json(&file);
        let nested: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(nested["minValues"]["position"]["offset"], 1);
        assert_eq!(from_json(&text).unwrap(), (9, file.ranges));
    }
}
