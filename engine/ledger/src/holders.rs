//! The entries that hold the credits that rows compete for, read and checked.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use common::{EngineError, Result};

use super::columns::{ENTRY, POSITION, RECEIVED, SIGN, time_type};
use super::index::{Fingerprint, Index};
use super::order::{Order, Rank};
use super::posting::EntryReader;
use super::ranks::{Ranks, column};

/// Old entries: their full rows, and where each is.
#[derive(Debug)]
pub(crate) struct Holders {
    rows: RecordBatch,
    ranks: Ranks,
    row_of: HashMap<i64, usize>,
}

impl Holders {
    /// Reads entries in one call. Each must be there, be a +1, and be of the key that the index has
    /// it for: anything else means that the index and the table are not of one state.
    pub(crate) async fn read(
        wanted: &[(i64, Fingerprint)],
        key: &[String],
        order: &Order,
        index: &Index,
        entries: &dyn EntryReader,
    ) -> Result<Self> {
        let numbers: Vec<i64> = wanted.iter().map(|(entry, _)| *entry).collect();
        let rows = entries.read(&numbers).await?;
        let number = column(&rows, ENTRY, &DataType::Int64)?;
        let row_of: HashMap<i64, usize> = number
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .enumerate()
            .map(|(row, entry)| (*entry, row))
            .collect();
        let keys = key
            .iter()
            .map(|name| column(&rows, name, &DataType::Utf8))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let found = index.fingerprints(&keys)?;
        let sign = column(&rows, SIGN, &DataType::Int32)?;
        let sign = sign.as_primitive::<Int32Type>();
        for (entry, fingerprint) in wanted {
            let row = *row_of.get(entry).ok_or_else(|| missing(*entry))?;
            if found[row] != *fingerprint || sign.value(row) != 1 {
                return Err(EngineError::data(format!(
                    "entry {entry} is not the credit that the index has for its key: delete the \
                     index's snapshot, it is rebuilt from the ledger"
                )));
            }
        }
        let received = column(&rows, RECEIVED, &time_type())?;
        let position = rows
            .column_by_name(POSITION)
            .and_then(|c| c.as_struct_opt())
            .ok_or_else(|| EngineError::internal("entries were read without their position"))?;
        let received = received.as_primitive::<TimestampMicrosecondType>();
        let ranks = Ranks::new(order, &rows, received, position)?;
        Ok(Self {
            ranks,
            row_of,
            rows,
        })
    }

    /// The full rows.
    pub(crate) fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// An entry's row and rank.
    pub(crate) fn of(&self, entry: i64) -> Result<(usize, Rank<'_>)> {
        let row = *self.row_of.get(&entry).ok_or_else(|| missing(entry))?;
        Ok((row, self.ranks.at(row)))
    }
}

fn missing(entry: i64) -> EngineError {
    EngineError::data(format!(
        "entry {entry} holds a credit but can't be found: restore the table, or, if it was \
         restored, delete the index's snapshot"
    ))
}
