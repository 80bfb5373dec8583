//! Which rows go to which file.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use common::partition_value::partition_value;
use common::{EngineError, Result, TableDef};

const HOUR_US: i64 = 3_600_000_000;
const ARRIVAL_HOUR: &str = "arrival_hour";

/// A row: its batch, and its index in it.
pub(super) type RowAt = (usize, usize);

/// The rows of one file, or of several where they are too many for one.
#[derive(Debug)]
pub(super) struct FileRows {
    /// By partition column.
    pub values: BTreeMap<String, Option<String>>,
    /// In order of arrival.
    pub rows: Vec<RowAt>,
}

/// Splits rows by partition, and, where a table is partitioned by `arrival_hour` and has an `hour`,
/// rows that come more than an hour late from the others, so that the on-time files prune tightly.
/// Files come in the order of their first row.
pub(super) fn split(table: &TableDef, batches: &[RecordBatch]) -> Result<Vec<FileRows>> {
    let fields = table
        .partition_by
        .iter()
        .map(|column| {
            let field = table.schema.field_with_name(column)?;
            Ok(SortField::new(field.data_type().clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    let converter = RowConverter::new(fields)?;
    let mut files: Vec<FileRows> = Vec::new();
    let mut known: HashMap<(OwnedRow, bool), usize> = HashMap::new();
    for (batch_index, batch) in batches.iter().enumerate() {
        let columns = partition_columns(table, batch)?;
        if columns.is_empty() {
            take_all(batch_index, batch, &mut files);
            continue;
        }
        let lateness = Lateness::of(table, batch);
        let keys = converter.convert_columns(&columns)?;
        // Neighbours are mostly of one partition.
        let mut last: Option<(usize, bool, usize)> = None;
        for row in 0..batch.num_rows() {
            let late = lateness.is_late(row);
            let file = match last {
                Some((file, l, r)) if l == late && keys.row(r) == keys.row(row) => file,
                _ => {
                    let key = (keys.row(row).owned(), late);
                    match known.get(&key) {
                        Some(file) => *file,
                        None => {
                            files.push(FileRows {
                                values: values(table, &columns, row)?,
                                rows: Vec::new(),
                            });
                            known.insert(key, files.len() - 1);
                            files.len() - 1
                        }
                    }
                }
            };
            last = Some((file, late, row));
            files[file].rows.push((batch_index, row));
        }
    }
    files.retain(|file| !file.rows.is_empty());
    Ok(files)
}

/// The rows of a table without partitions: one file.
fn take_all(batch_index: usize, batch: &RecordBatch, files: &mut Vec<FileRows>) {
    let rows = (0..batch.num_rows()).map(|row| (batch_index, row));
    match files.first_mut() {
        Some(file) => file.rows.extend(rows),
        None => files.push(FileRows {
            values: BTreeMap::new(),
            rows: rows.collect(),
        }),
    }
}

fn partition_columns(table: &TableDef, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    table
        .partition_by
        .iter()
        .map(|column| {
            batch.column_by_name(column).cloned().ok_or_else(|| {
                EngineError::internal(format!(
                    "rows for table {} lack its partition column {column}",
                    table.name
                ))
            })
        })
        .collect()
}

fn values(
    table: &TableDef,
    columns: &[ArrayRef],
    row: usize,
) -> Result<BTreeMap<String, Option<String>>> {
    table
        .partition_by
        .iter()
        .zip(columns)
        .map(|(name, column)| {
            let value = partition_value(column, row)
                .map_err(|e| e.context(format!("table {}, column {name}", table.name)))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// The event hour beside the arrival hour.
struct Lateness<'a> {
    hours: Option<(&'a TimestampMicrosecondArray, &'a TimestampMicrosecondArray)>,
}

impl<'a> Lateness<'a> {
    /// Elsewhere an arrival hour is a column like others: the files are not of one.
    fn of(table: &TableDef, batch: &'a RecordBatch) -> Self {
        let time = |name| {
            batch
                .column_by_name(name)
                .and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
        };
        let by_arrival = table.partition_by.iter().any(|by| by == ARRIVAL_HOUR);
        Self {
            hours: if by_arrival {
                time("hour").zip(time(ARRIVAL_HOUR))
            } else {
                None
            },
        }
    }

    /// Whether the event's hour ended more than an hour before the arrival hour began; then its
    /// time is before the arrival hour minus one hour, both being whole hours.
    fn is_late(&self, row: usize) -> bool {
        self.hours.is_some_and(|(hour, arrival)| {
            hour.is_valid(row)
                && arrival.is_valid(row)
                && hour.value(row) < arrival.value(row).saturating_sub(HOUR_US)
        })
    }
}
