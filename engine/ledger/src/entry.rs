//! Entry rows: the evidence of a +1, the copy of a −1, and the columns that are an entry's own.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use common::{EngineError, Result};

use super::columns::{
    ARRIVAL_HOUR, BOOKED_DAY, CAUSED_BY, COMMIT_GROUP, CREDIT, ENTRY, KIND, OWN, POSITION,
    POSTED_AT, POSTED_DAY, REASON, RECEIVED, RUN, SIGN, TAKES_BACK, time_type,
};
use super::posting::{Evidence, Posting, REASON_EARLIER, REASON_FIRST};
use super::ranks::{cast_to, column};

const DAY_US: i64 = 86_400_000_000;

/// One entry to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// A +1 with the evidence of a row; `moved` if it follows a −1.
    Takes { row: usize, moved: bool },
    /// A −1 with the evidence of an old entry, whose number it names, because of a row.
    TakenBack {
        old: usize,
        entry: i64,
        because_of: usize,
    },
}

/// Builds entries in the ledger's schema, numbered from `next_entry` in the order of the lines.
/// `old` has the entries that are taken back; it may be absent if there are none.
pub(crate) fn build(
    schema: &SchemaRef,
    evidence: Evidence<'_>,
    old: Option<&RecordBatch>,
    lines: &[Line],
    posting: &Posting,
    next_entry: i64,
) -> Result<RecordBatch> {
    let own = Own {
        evidence,
        old,
        lines,
        posting,
        next_entry,
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let name = field.name().as_str();
            let array = if OWN.contains(&name) {
                own.column(name)?
            } else {
                copied(evidence, old, lines, name, field.data_type())?
            };
            cast_to(&array, field.data_type())
                .map_err(|e| e.context(format!("column {name} of a ledger")))
        })
        .collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| {
        EngineError::internal("ledger entries don't fit the ledger's schema").caused_by(e)
    })
}

/// The same entries, made durable by a commit group: the only column that changes after posting.
pub fn with_commit_group(entries: &RecordBatch, group: i64) -> Result<RecordBatch> {
    let at = entries.schema().index_of(COMMIT_GROUP)?;
    let mut columns = entries.columns().to_vec();
    columns[at] = Arc::new(Int64Array::from_value(group, entries.num_rows()));
    Ok(RecordBatch::try_new(entries.schema(), columns)?)
}

/// A column up to and including `position`: from the row of a +1, from the old entry of a −1.
fn copied(
    evidence: Evidence<'_>,
    old: Option<&RecordBatch>,
    lines: &[Line],
    name: &str,
    data_type: &DataType,
) -> Result<ArrayRef> {
    let new = cast_to(&evidence.column(name)?, data_type)?;
    let Some(old) = old else {
        let rows: Int64Array = lines
            .iter()
            .filter_map(|line| match line {
                Line::Takes { row, .. } => Some(*row as i64),
                Line::TakenBack { .. } => None,
            })
            .collect();
        return Ok(take(&new, &rows, None)?);
    };
    let old = column(old, name, data_type)?;
    let from: Vec<(usize, usize)> = lines
        .iter()
        .map(|line| match line {
            Line::Takes { row, .. } => (0, *row),
            Line::TakenBack { old, .. } => (1, *old),
        })
        .collect();
    Ok(interleave(&[new.as_ref(), old.as_ref()], &from)?)
}

impl Evidence<'_> {
    fn column(&self, name: &str) -> Result<ArrayRef> {
        match (name, self.rows.column_by_name(name)) {
            (RECEIVED, _) => Ok(Arc::new(self.received.clone())),
            (ARRIVAL_HOUR, _) => Ok(Arc::new(self.arrival_hour.clone())),
            (POSITION, _) => Ok(Arc::new(self.position.clone())),
            (_, Some(column)) => Ok(ArrayRef::clone(column)),
            (_, None) => Err(EngineError::internal(format!(
                "ledger rows came without their column {name}"
            ))),
        }
    }
}

/// The columns that are an entry's own.
struct Own<'a> {
    evidence: Evidence<'a>,
    old: Option<&'a RecordBatch>,
    lines: &'a [Line],
    posting: &'a Posting,
    next_entry: i64,
}

impl Own<'_> {
    fn column(&self, name: &str) -> Result<ArrayRef> {
        let n = self.lines.len();
        let at_us = self.posting.at.timestamp_micros();
        Ok(match name {
            SIGN => self.integers(|line| match line {
                Line::Takes { .. } => 1,
                Line::TakenBack { .. } => -1,
            }),
            CREDIT => self.credit()?,
            KIND => strings(n, self.posting.kind.name()),
            REASON => Arc::new(StringArray::from_iter_values(
                self.lines.iter().map(|line| self.reason(line)),
            )),
            CAUSED_BY => self.caused_by()?,
            TAKES_BACK => Arc::new(Int64Array::from_iter(self.lines.iter().map(
                |line| match line {
                    Line::Takes { .. } => None,
                    Line::TakenBack { entry, .. } => Some(*entry),
                },
            ))),
            POSTED_AT => Arc::new(
                TimestampMicrosecondArray::from_value(at_us, n).with_data_type(time_type()),
            ),
            POSTED_DAY => {
                let day = i32::try_from(at_us.div_euclid(DAY_US))
                    .map_err(|e| EngineError::internal("day of posting").caused_by(e))?;
                Arc::new(Date32Array::from_value(day, n))
            }
            RUN => strings(n, &self.posting.run),
            BOOKED_DAY => new_null_array(&DataType::Date32, n),
            COMMIT_GROUP => new_null_array(&DataType::Int64, n),
            ENTRY => Arc::new(Int64Array::from_iter_values((self.next_entry..).take(n))),
            _ => {
                return Err(EngineError::internal(format!(
                    "{name} is not a column of an entry's own"
                )));
            }
        })
    }

    /// A −1 takes back what its entry counted, which is nothing for the legacy base.
    fn credit(&self) -> Result<ArrayRef> {
        let old = self
            .old
            .map(|old| column(old, CREDIT, &DataType::Int32))
            .transpose()?;
        let old = old.as_ref().map(|a| a.as_primitive::<Int32Type>());
        Ok(self.integers(|line| match line {
            Line::Takes { .. } => self.posting.kind.credit(),
            Line::TakenBack { old: row, .. } => old.map_or(-1, |a| -a.value(*row)),
        }))
    }

    fn reason(&self, line: &Line) -> &str {
        let usual = match line {
            Line::Takes { moved: false, .. } => REASON_FIRST,
            Line::Takes { moved: true, .. } | Line::TakenBack { .. } => REASON_EARLIER,
        };
        self.posting.reason.as_deref().unwrap_or(usual)
    }

    /// The position of the new evidence, in both entries that move a credit.
    fn caused_by(&self) -> Result<ArrayRef> {
        let rows: Int64Array = self
            .lines
            .iter()
            .map(|line| match line {
                Line::Takes { moved: false, .. } => None,
                Line::Takes { row, moved: true } => Some(*row as i64),
                Line::TakenBack { because_of, .. } => Some(*because_of as i64),
            })
            .collect();
        let children = self
            .evidence
            .position
            .columns()
            .iter()
            .map(|child| Ok(take(child, &rows, None)?))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let DataType::Struct(fields) = super::columns::caused_by_type() else {
            return Err(EngineError::internal("caused_by is not a struct"));
        };
        let children = children
            .iter()
            .zip(&fields)
            .map(|(child, field)| cast_to(child, field.data_type()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(StructArray::try_new(
            fields,
            children,
            rows.nulls().cloned(),
        )?))
    }

    fn integers(&self, value: impl Fn(&Line) -> i32) -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(self.lines.iter().map(value)))
    }
}

fn strings(n: usize, value: &str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, n)))
}
