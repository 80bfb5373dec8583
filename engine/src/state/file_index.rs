//! A table's committed files in memory, with the values that prune them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};

use crate::error::{EngineError, Result};
use crate::values::{DataFile, TableDef};

/// One committed file with its partition values and column ranges in Arrow's types.
#[derive(Debug)]
pub struct IndexedFile {
    /// The file as the Delta log has it.
    pub file: DataFile,
    /// Partition values in the order of [`TableDef::partition_by`].
    pub partition: Vec<ScalarValue>,
    ranges: HashMap<String, (ScalarValue, ScalarValue, i64)>,
}

/// All committed files of a table.
#[derive(Debug, Default, Clone)]
pub struct FileIndex {
    files: Vec<Arc<IndexedFile>>,
}

impl FileIndex {
    /// An index of a table's files. Fails where a partition value isn't of its column's type.
    pub fn new(def: &TableDef, files: &[DataFile]) -> Result<Self> {
        Self::default().with(def, files)
    }

    /// The index with more files.
    pub fn with(&self, def: &TableDef, added: &[DataFile]) -> Result<Self> {
        let mut files = Vec::with_capacity(self.files.len() + added.len());
        files.extend_from_slice(&self.files);
        for file in added {
            files.push(Arc::new(IndexedFile::new(def, file.clone())?));
        }
        Ok(Self { files })
    }

    /// The files.
    pub fn files(&self) -> &[Arc<IndexedFile>] {
        &self.files
    }

    /// Rows in all files.
    pub fn rows(&self) -> i64 {
        self.files.iter().map(|f| f.file.rows).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> i64 {
        self.files.iter().map(|f| f.file.size).sum()
    }
}

impl IndexedFile {
    fn new(def: &TableDef, file: DataFile) -> Result<Self> {
        let mut ranges = HashMap::new();
        let mut partition = Vec::with_capacity(def.partition_by.len());
        for name in &def.partition_by {
            let data_type = type_of(&def.schema, name).ok_or_else(|| {
                EngineError::internal(format!("{}: no partition column {name}", def.name))
            })?;
            let value = match file.partition_values.get(name).and_then(Option::as_deref) {
                None => ScalarValue::try_from(data_type)?,
                Some(text) => {
                    ScalarValue::try_from_string(text.to_owned(), data_type).map_err(|e| {
                        EngineError::data(format!(
                            "{}: file {} has {name} = {text:?}, which is no {data_type}",
                            def.name, file.path
                        ))
                        .caused_by(e)
                    })?
                }
            };
            let nulls = if value.is_null() { file.rows } else { 0 };
            ranges.insert(name.clone(), (value.clone(), value.clone(), nulls));
            partition.push(value);
        }
        for (name, range) in &file.ranges {
            let Some(data_type) = type_of(&def.schema, name) else {
                continue;
            };
            if let (Some(min), Some(max)) =
                (scalar(&range.min, data_type), scalar(&range.max, data_type))
            {
                ranges.insert(name.clone(), (min, max, range.null_count));
            }
        }
        Ok(Self {
            file,
            partition,
            ranges,
        })
    }
}

fn type_of<'a>(schema: &'a SchemaRef, name: &str) -> Option<&'a DataType> {
    schema.field_with_name(name).ok().map(|f| f.data_type())
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

    fn column(
        &self,
        column: &Column,
        pick: impl Fn(&(ScalarValue, ScalarValue, i64)) -> ScalarValue,
    ) -> Option<ArrayRef> {
        let null = ScalarValue::try_from(type_of(&self.schema, column.name())?).ok()?;
        ScalarValue::iter_to_array(self.files.iter().map(|f| {
            f.ranges
                .get(column.name())
                .map_or_else(|| null.clone(), &pick)
        }))
        .ok()
    }
}

impl PruningStatistics for FileStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |r| r.0.clone())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, |r| r.1.clone())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts: UInt64Array = self
            .files
            .iter()
            .map(|f| {
                f.ranges
                    .get(column.name())
                    .and_then(|r| u64::try_from(r.2).ok())
            })
            .collect();
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows: Int64Array = self.files.iter().map(|f| Some(f.file.rows)).collect();
        arrow::compute::cast(&rows, &DataType::UInt64).ok()
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
