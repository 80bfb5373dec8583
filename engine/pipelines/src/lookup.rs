//! The left join of rows to a dimension on its key.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, SchemaRef};
use common::{EngineError, Kind, Result};
use datafusion::physical_expr::PhysicalExpr;
use dimensions::{DimensionSnapshot, Dimensions};
use hashbrown::HashMap;
use parking_lot::Mutex;

use super::evaluate::evaluate;
use super::frame::{Frame, batch_of};

/// Looks rows up in a dimension; a row without a match has nulls there.
///
/// A dimension has one row a key, so rows keep their number and order. Keys are hashed once a
/// version of the dimension, not once a micro-batch.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The dimension's name.
    pub(super) dimension: String,
    /// Its key column.
    pub(super) key: String,
    /// The key of a row.
    pub(super) of_row: Arc<dyn PhysicalExpr>,
    /// What comes out: the row's columns, then the dimension's.
    pub(super) schema: SchemaRef,
    /// The hashed keys of the version that was asked last.
    pub(super) hashed: Mutex<Option<Arc<Hashed>>>,
}

/// A dimension by key.
#[derive(Debug)]
pub(super) struct Hashed {
    version: u64,
    rows: RecordBatch,
    row_of: HashMap<Box<str>, u32>,
}

impl Lookup {
    pub(super) fn run(&self, frame: Frame, dimensions: &dyn Dimensions) -> Result<Frame> {
        let hashed = self.hashed(dimensions)?;
        let keys = evaluate(&self.of_row, &frame)?;
        let places = places(&hashed, &keys)?;
        let mut columns = frame.batch.columns().to_vec();
        for field in &self.schema.fields()[columns.len()..] {
            let name = field.name();
            let column = hashed.rows.column_by_name(name).ok_or_else(|| {
                let dimension = &self.dimension;
                EngineError::internal(format!("dimension {dimension} has no column {name}"))
            })?;
            columns.push(take(column, &places, None)?);
        }
        Ok(Frame {
            batch: batch_of(&self.schema, columns, frame.len())?,
            ..frame
        })
    }

    fn hashed(&self, dimensions: &dyn Dimensions) -> Result<Arc<Hashed>> {
        let current = dimensions.current(&self.dimension).ok_or_else(|| {
            EngineError::new(
                Kind::Unavailable,
                format!("dimension {} has not been read yet", self.dimension),
            )
        })?;
        let mut last = self.hashed.lock();
        if let Some(hashed) = last.as_ref()
            && hashed.version == current.version
        {
            return Ok(hashed.clone());
        }
        let hashed = Arc::new(Hashed::new(current, &self.key)?);
        *last = Some(hashed.clone());
        Ok(hashed)
    }
}

impl Hashed {
    fn new(current: DimensionSnapshot, key: &str) -> Result<Self> {
        let column = current
            .rows
            .column_by_name(key)
            .ok_or_else(|| EngineError::internal(format!("a dimension lacks its key {key}")))?;
        let keys = cast(column, &DataType::Utf8)?;
        let keys = keys.as_string::<i32>();
        let mut row_of = HashMap::with_capacity(keys.len());
        for (row, key) in keys.iter().enumerate() {
            if let Some(key) = key {
                row_of.insert(key.into(), row as u32);
            }
        }
        Ok(Self {
            version: current.version,
            rows: current.rows,
            row_of,
        })
    }
}

/// The dimension's row of each key. Equal keys often follow each other, so the last is remembered.
fn places(hashed: &Hashed, keys: &ArrayRef) -> Result<UInt32Array> {
    let keys = if *keys.data_type() == DataType::Utf8 {
        keys.clone()
    } else {
        cast(keys, &DataType::Utf8)?
    };
    let keys = keys.as_string::<i32>();
    let mut last: Option<(&str, Option<u32>)> = None;
    Ok(keys
        .iter()
        .map(|key| {
            let key = key?;
            match last {
                Some((before, place)) if before == key => place,
                _ => {
                    let place = hashed.row_of.get(key).copied();
                    last = Some((key, place));
                    place
                }
            }
        })
        .collect())
}
