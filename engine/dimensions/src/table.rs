//! The rows of a dimension: the last change of each key.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_empty_array};
use arrow::datatypes::{DataType, SchemaRef};
use common::{EngineError, KeyedRecord, Result};
use datafusion_common::ScalarValue;
use serde_json::{Map, Value};

use super::cell::{DIMENSION_TYPES, cell, is_dimension_type};

/// Keeps the last change of each key. A key cannot have two rows, so a join cannot double anything.
///
/// Of two changes of a key in one topic partition the one with the greater offset counts; were a
/// key ever in two topic partitions, the one received later (then the greater partition) counts, so
/// that the order of reading does not matter.
pub struct DimensionTable {
    name: Arc<str>,
    schema: SchemaRef,
    key_index: usize,
    last: BTreeMap<String, Change>,
    version: u64,
    unusable_count: u64,
    /// The rows as columns, until one changes.
    built: Option<RecordBatch>,
}

/// What a key stands for, and the record that said so.
struct Change {
    received: i64,
    partition: i32,
    offset: i64,
    /// Cells in the order of the schema; `None` after a tombstone.
    row: Option<Vec<ScalarValue>>,
}

impl Change {
    fn is_before(&self, record: &KeyedRecord) -> bool {
        if self.partition == record.partition {
            return self.offset < record.offset;
        }
        (self.received, self.partition) < (record.received, record.partition)
    }
}

impl DimensionTable {
    /// A table without rows. The key column holds the record's key as text; the others come from
    /// the fields of the record's value, a JSON object, by name (else by name in any case).
    ///
    /// # Errors
    /// Of kind *invalid* where the key column is missing or no string, or a column's type can't be
    /// read from JSON.
    pub fn new(name: &str, schema: SchemaRef, key_column: &str) -> Result<Self> {
        let key_index = schema.index_of(key_column).map_err(|_| {
            EngineError::invalid(format!(
                "dimension `{name}`: its key column `{key_column}` is not among its columns"
            ))
        })?;
        for (index, field) in schema.fields().iter().enumerate() {
            if index == key_index && field.data_type() != &DataType::Utf8 {
                return Err(EngineError::invalid(format!(
                    "dimension `{name}`: its key column `{key_column}` must be a STRING"
                )));
            }
            if !is_dimension_type(field.data_type()) {
                return Err(EngineError::invalid(format!(
                    "dimension `{name}`: column `{}` has type {}; use one of {DIMENSION_TYPES}",
                    field.name(),
                    field.data_type()
                )));
            }
        }
        Ok(Self {
            name: name.into(),
            schema,
            key_index,
            last: BTreeMap::new(),
            version: 0,
            unusable_count: 0,
            built: None,
        })
    }

    /// Takes a record over, and says whether a row changed.
    ///
    /// A value that makes no row deletes the key's row, as no value does, and is counted and logged.
    /// Were the row before it kept, it would be there until the topic is compacted and gone after
    /// the next start. A record without a usable key is counted and logged, and changes nothing.
    pub fn apply(&mut self, record: &KeyedRecord) -> bool {
        let key = match key_of(record) {
            Ok(key) => key.to_owned(),
            Err(reason) => {
                self.count_unusable(record, reason);
                return false;
            }
        };
        let row = match self.row(&key, record) {
            Ok(row) => row,
            Err(reason) => {
                self.count_unusable(record, reason);
                None
            }
        };
        let before = self.last.get(&key);
        if before.is_some_and(|change| !change.is_before(record)) {
            return false;
        }
        let changed = before.and_then(|change| change.row.as_ref()) != row.as_ref();
        self.last.insert(
            key,
            Change {
                received: record.received,
                partition: record.partition,
                offset: record.offset,
                row,
            },
        );
        if changed {
            self.version += 1;
            self.built = None;
        }
        changed
    }

    fn count_unusable(&mut self, record: &KeyedRecord, reason: &str) {
        self.unusable_count += 1;
        tracing::warn!(
            dimension = %self.name,
            partition = record.partition,
            offset = record.offset,
            "change of a dimension makes no row: {reason}"
        );
    }

    /// The row that a record makes; none where it deletes. The error says why it makes none.
    fn row(
        &self,
        key: &str,
        record: &KeyedRecord,
    ) -> Result<Option<Vec<ScalarValue>>, &'static str> {
        let Some(value) = &record.value else {
            return Ok(None);
        };
        let fields: Map<String, Value> =
            serde_json::from_slice(value).map_err(|_| "its value is not a JSON object")?;
        let mut row = Vec::with_capacity(self.schema.fields().len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            let found = if index == self.key_index {
                Some(ScalarValue::Utf8(Some(key.to_owned())))
            } else {
                lookup(&fields, field.name()).and_then(|value| cell(value, field.data_type()))
            };
            let found = match found {
                Some(found) => found,
                None if field.is_nullable() => ScalarValue::try_from(field.data_type())
                    .map_err(|_| "a column's type has no null")?,
                None => return Err("a column that must not be null is"),
            };
            row.push(found);
        }
        Ok(Some(row))
    }

    /// All rows in the order of keys, by the columns that the table was made with. They are built
    /// anew only after a change.
    ///
    /// # Errors
    /// Of kind *internal*.
    pub fn rows(&mut self) -> Result<RecordBatch> {
        if let Some(built) = &self.built {
            return Ok(built.clone());
        }
        let rows: Vec<_> = self.last.values().filter_map(|c| c.row.as_ref()).collect();
        let columns = self
            .schema
            .fields()
            .iter()
            .enumerate()
            .map(|(index, field)| -> Result<ArrayRef> {
                if rows.is_empty() {
                    return Ok(new_empty_array(field.data_type()));
                }
                let cells = rows.iter().map(|row| row[index].clone());
                Ok(ScalarValue::iter_to_array(cells)?)
            })
            .collect::<Result<Vec<_>>>()?;
        let built = RecordBatch::try_new(self.schema.clone(), columns)?;
        self.built = Some(built.clone());
        Ok(built)
    }

    /// Grows by one with each change of a row.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many keys have a row.
    pub fn row_count(&self) -> usize {
        self.last.values().filter(|c| c.row.is_some()).count()
    }

    /// How many records had no usable key, or a value that makes no row.
    pub fn unusable_count(&self) -> u64 {
        self.unusable_count
    }
}

fn key_of(record: &KeyedRecord) -> Result<&str, &'static str> {
    let key = record.key.as_deref().ok_or("its key is null")?;
    std::str::from_utf8(key).map_err(|_| "its key is not UTF-8")
}

/// A field by its name, else by its name in any case.
fn lookup<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn products() -> DimensionTable {
        let schema = Schema::new(vec![
            Field::new("app_key", DataType::Utf8, false),
            Field::new("product", DataType::Utf8, false),
            Field::new("zone", DataType::Utf8, true),
        ]);
        DimensionTable::new("products", Arc::new(schema), "app_key").unwrap()
    }

    fn change(key: &str, value: Option<&str>, offset: i64) -> KeyedRecord {
        KeyedRecord {
            key: Some(key.as_bytes().to_vec()),
            value: value.map(|v| v.as_bytes().to_vec()),
            received: 1_000 * offset,
            partition: 0,
            offset,
        }
    }

    fn rows(table: &mut DimensionTable) -> Vec<String> {
        let rows = table.rows().unwrap();
        (0..rows.num_rows())
            .map(|row| {
                let cell = |column: usize| rows.column(column).as_string::<i32>();
                format!("{}={}", cell(0).value(row), cell(1).value(row))
            })
            .collect()
    }

    #[test]
    fn the_last_change_of_a_key_is_its_row_and_a_tombstone_deletes_it() {
        let mut table = products();
        assert!(table.apply(&change(
            "b",
            Some(r#"{"product":"browser","zone":"UTC"}"#),
            0
        )));
        assert!(table.apply(&change("a", Some(r#"{"product":"music"}"#), 1)));
        assert!(table.apply(&change("b", Some(r#"{"Product":"reader"}"#), 2)));
        assert_eq!(rows(&mut table), ["a=music", "b=reader"]);
        assert!(table.apply(&change("a", None, 3)));
        assert_eq!(rows(&mut table), ["b=reader"]);
        assert_eq!((table.version(), table.row_count()), (4, 1));
    }

    #[test]
    fn a_change_that_says_nothing_new_keeps_the_version() {
        let mut table = products();
        assert!(table.apply(&change("a", Some(r#"{"product":"music"}"#), 1)));
        assert!(!table.apply(&change("a", Some(r#"{"product":"music"}"#), 2)));
        assert!(!table.apply(&change("gone", None, 3)));
        assert_eq!(table.version(), 1);
    }

    #[test]
    fn a_value_that_makes_no_row_deletes_as_if_the_row_before_had_been_compacted_away() {
        for value in ["[]", "{", r#"{"zone":"UTC"}"#] {
            let older = change("a", Some(r#"{"product":"music"}"#), 1);
            let unusable = change("a", Some(value), 2);
            let mut live = products();
            assert!(live.apply(&older));
            assert!(live.apply(&unusable));
            let mut after_compaction = products();
            after_compaction.apply(&unusable);
            assert_eq!(rows(&mut live), rows(&mut after_compaction), "{value}");
            assert_eq!((live.row_count(), live.unusable_count()), (0, 1));
            assert!(!live.apply(&older), "an older row must not come back");
            assert!(live.apply(&change("a", Some(r#"{"product":"books"}"#), 3)));
            assert_eq!(rows(&mut live), ["a=books"]);
        }
    }

    #[test]
    fn a_change_without_a_usable_key_changes_nothing() {
        let mut table = products();
        assert!(table.apply(&change("a", Some(r#"{"product":"music"}"#), 1)));
        for (key, offset) in [(None, 2), (Some(vec![0xff]), 3)] {
            let mut unusable = change("a", None, offset);
            unusable.key = key;
            assert!(!table.apply(&unusable));
        }
        assert_eq!(table.unusable_count(), 2);
        assert_eq!(rows(&mut table), ["a=music"]);
    }

    #[test]
    fn a_key_in_two_topic_partitions_has_one_row_whatever_is_read_first() {
        let early = change("a", Some(r#"{"product":"early"}"#), 1);
        let mut late = change("a", Some(r#"{"product":"late"}"#), 7);
        late.partition = 1;
        for order in [[&early, &late], [&late, &early]] {
            let mut table = products();
            for change in order {
                table.apply(change);
            }
            assert_eq!(rows(&mut table), ["a=late"]);
        }
    }

    #[test]
    fn columns_that_json_cannot_give_are_refused_by_name() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("blob", DataType::Binary, true),
        ]));
        let error = DimensionTable::new("d", schema.clone(), "id")
            .err()
            .unwrap();
        assert!(error.to_string().contains("column `blob`"), "{error}");
        let error = DimensionTable::new("d", schema, "nope").err().unwrap();
        assert!(error.to_string().contains("`nope`"), "{error}");
    }
}
