//! A table's committed files in memory, with the values that prune them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use common::partition_value::parse_partition_value;
use common::{DataFile, EngineError, Result, TableDef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};

/// One committed file: where it is, and its partition values and column ranges in Arrow's types.
#[derive(Debug)]
pub struct IndexedFile {
    /// Path below the table's folder.
    pub path: Arc<str>,
    /// Bytes.
    pub size: i64,
    /// Rows.
    pub rows: i64,
    /// Partition values in the order of [`TableDef::partition_by`].
    pub partition: Box<[ScalarValue]>,
    /// By the column's place in the table's schema.
    ranges: Box<[Option<Range>]>,
}

/// The least and greatest value of a column in a file.
#[derive(Debug, Clone)]
struct Range {
    min: ScalarValue,
    max: ScalarValue,
    null_count: i64,
}

impl IndexedFile {
    /// The least and greatest value of a column of whole numbers (64 bits), where they are known.
    pub fn whole_numbers(&self, column: usize) -> Option<(i64, i64)> {
        let range = self.ranges.get(column)?.as_ref()?;
        match (&range.min, &range.max) {
            (ScalarValue::Int64(Some(min)), ScalarValue::Int64(Some(max))) => Some((*min, *max)),
            _ => None,
        }
    }
}

/// All committed files of a table, in the order of their groups.
///
/// They lie in chunks, each at least twice as long as the next one: files are added by making a new
/// chunk of them and of the shorter ones before. So an index of n files has log n chunks at most,
/// and one that is made from another shares all but its last chunks with it. To add a file costs
/// log n, averaged over many, whatever n is.
#[derive(Debug, Default, Clone)]
pub struct FileIndex {
    chunks: Vec<Arc<[Arc<IndexedFile>]>>,
    file_count: usize,
    rows: i64,
    bytes: i64,
}

impl FileIndex {
    /// An index of a table's files. Fails where a partition value isn't of its column's type.
    pub fn new(def: &TableDef, files: &[DataFile]) -> Result<Self> {
        Self::default().with(def, files)
    }

    /// The index with more files.
    pub fn with(&self, def: &TableDef, added: &[DataFile]) -> Result<Self> {
        if added.is_empty() {
            return Ok(self.clone());
        }
        let mut kept = self.chunks.len();
        let mut length = added.len();
        while kept > 0 && self.chunks[kept - 1].len() < 2 * length {
            kept -= 1;
            length += self.chunks[kept].len();
        }
        let mut last = Vec::with_capacity(length);
        for chunk in &self.chunks[kept..] {
            last.extend_from_slice(chunk);
        }
        for file in added {
            last.push(Arc::new(IndexedFile::new(def, file)?));
        }
        let mut chunks = self.chunks[..kept].to_vec();
        chunks.push(last.into());
        Ok(Self {
            chunks,
            file_count: self.file_count + added.len(),
            rows: self.rows + added.iter().map(|file| file.rows).sum::<i64>(),
            bytes: self.bytes + added.iter().map(|file| file.size).sum::<i64>(),
        })
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &Arc<IndexedFile>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The files in the chunks that they lie in.
    pub fn chunks(&self) -> impl Iterator<Item = &[Arc<IndexedFile>]> {
        self.chunks.iter().map(AsRef::as_ref)
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.file_count
    }

    /// Rows in all files.
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> i64 {
        self.bytes
    }
}

impl IndexedFile {
    fn new(def: &TableDef, file: &DataFile) -> Result<Self> {
        let mut ranges = vec![None; def.schema.fields().len()];
        let mut partition = Vec::with_capacity(def.partition_by.len());
        for name in &def.partition_by {
            let (column, field) = def.schema.column_with_name(name).ok_or_else(|| {
                EngineError::internal(format!("{}: no partition column {name}", def.name))
            })?;
            let data_type = field.data_type();
            let value = match file.partition_values.get(name).and_then(Option::as_deref) {
                None => ScalarValue::try_from(data_type)?,
                Some(text) => parse_partition_value(text, data_type).map_err(|e| {
                    EngineError::data(format!(
                        "{}: file {} has {name} = {text:?}, which is no {data_type}",
                        def.name, file.path
                    ))
                    .caused_by(e)
                })?,
            };
            ranges[column] = Some(Range {
                min: value.clone(),
                max: value.clone(),
                null_count: if value.is_null() { file.rows } else { 0 },
            });
            partition.push(value);
        }
        for (name, range) in &file.ranges {
            // Leaves of structs are in the log for other readers; nothing here prunes by them.
            let Some((column, field)) = def.schema.column_with_name(name) else {
                continue;
            };
            let data_type = field.data_type();
            if let (Some(min), Some(max)) =
                (scalar(&range.min, data_type), scalar(&range.max, data_type))
            {
                ranges[column] = Some(Range {
                    min,
                    max,
                    null_count: range.null_count,
                });
            }
        }
        Ok(Self {
            path: file.path.clone(),
            size: file.size,
            rows: file.rows,
            partition: partition.into(),
            ranges: ranges.into(),
        })
    }
}

/// A value of Delta's statistics in Arrow's type; None where it cannot be read, which only means
/// that the file isn't pruned by it.
fn scalar(value: &serde_json::Value, data_type: &DataType) -> Option<ScalarValue> {
    let text = match value {
        serde_json::Value::Null => return ScalarValue::try_from(data_type).ok(),
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    ScalarValue::try_from_string(text, data_type).ok()
}

/// What DataFusion's pruning asks of a list of files.
#[derive(Debug)]
pub struct FileStatistics<'a> {
    files: &'a [Arc<IndexedFile>],
    schema: SchemaRef,
}

impl<'a> FileStatistics<'a> {
    /// The statistics of some files of a table with this schema.
    pub fn new(files: &'a [Arc<IndexedFile>], schema: SchemaRef) -> Self {
        Self { files, schema }
    }

    fn column(&self, column: &Column, pick: impl Fn(&Range) -> &ScalarValue) -> Option<ArrayRef> {
        let (index, field) = self.schema.column_with_name(column.name())?;
        let null = ScalarValue::try_from(field.data_type()).ok()?;
        ScalarValue::iter_to_array(self.files.iter().map(|file| {
            let range = file.ranges.get(index).and_then(Option::as_ref);
            range.map_or(&null, &pick).clone()
        }))
        .ok()
    }
}

impl PruningStatistics for FileStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |range| &range.min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |range| &range.max)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let (index, _) = self.schema.column_with_name(column.name())?;
        let counts: UInt64Array = self
            .files
            .iter()
            .map(|file| {
                let range = file.ranges.get(index)?.as_ref()?;
                u64::try_from(range.null_count).ok()
            })
            .collect();
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows: Int64Array = self.files.iter().map(|f| Some(f.rows)).collect();
        arrow::compute::cast(&rows, &DataType::UInt64).ok()
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeMap;

    use arrow::datatypes::{Field, Schema};
    use common::TableKind;

    use super::*;

    fn table() -> TableDef {
        TableDef {
            name: "t".into(),
            location: "t".to_owned(),
            kind: TableKind::Events,
            schema: Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)])),
            partition_by: Vec::new(),
            comment: None,
        }
    }

    fn file(n: usize) -> DataFile {
        DataFile {
            path: n.to_string().into(),
            partition_values: BTreeMap::new(),
            size: 2,
            rows: 3,
            modified_at_ms: 0,
            ranges: BTreeMap::new(),
        }
    }

    #[test]
    fn adding_files_keeps_their_order_in_few_chunks() {
        let table = table();
        let mut index = FileIndex::default();
        for n in 0..1_000 {
            index = index.with(&table, &[file(n)]).unwrap();
            let lengths: Vec<usize> = index.chunks().map(<[_]>::len).collect();
            assert!(lengths.is_sorted_by(|a, b| *a >= 2 * *b), "{lengths:?}");
        }
        let paths: Vec<_> = index.files().map(|f| f.path.to_string()).collect();
        let expected: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
        assert_eq!(paths, expected);
        assert!(index.chunks().count() <= 10);
        assert_eq!(
            (index.file_count(), index.rows(), index.bytes()),
            (1_000, 3_000, 2_000)
        );
    }

    #[test]
    fn the_files_of_a_large_table_are_shared_by_the_next_state() {
        let table = table();
        let many: Vec<_> = (0..1_000).map(file).collect();
        let before = FileIndex::new(&table, &many).unwrap();
        let after = before.with(&table, &[file(1_000)]).unwrap();
        assert!(Arc::ptr_eq(&before.chunks[0], &after.chunks[0]));
        assert_eq!(before.file_count(), 1_000);
    }
}
