//! A pipeline from a table into a ledger: the keys of all rows first, the rest for few.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    BooleanArray, BooleanBuilder, RecordBatch, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::{Field, SchemaRef};
use common::{EngineError, Result, TableKind, column, typed};
use datafusion::prelude::SessionContext;
use sql::{Configuration, Fault, PipelineDef};

use super::ledger_rows::{LedgerRows, Part, ledger_rows};
use super::query_plan::{QueryPlan, declared_fields};
use super::required::{Required, null_if_empty};
use super::sink::schema_of;
use super::stages::Stage;
use super::target::Target;

/// A planned pipeline into a ledger.
///
/// Most events are of devices that are known. So one plan evaluates the WHERE and the key alone,
/// and the other one everything, for the rows that the index lets through.
///
/// A row that an expression raises on, such as a division by zero, doesn't count: it is passed over
/// as if the WHERE had put it aside, in either plan, and [`Self::passed_over`] counts it. So is a row
/// without a value that it needs, such as an empty text in a column of the partitioning. That is a
/// property of the row alone, so it can't make the credited channel depend on batching.
#[derive(Debug)]
pub struct LedgerPipelinePlan {
    name: Arc<str>,
    passed_over: AtomicU64,
    keys: Part,
    whole: Part,
}

/// The keys of the rows that a ledger's pipeline lets through.
#[derive(Debug)]
pub struct LedgerKeys {
    /// The key columns, in the order of the ledger's option.
    pub rows: RecordBatch,
    /// When each was received.
    pub received: TimestampMicrosecondArray,
    /// The input row of each.
    pub row: UInt32Array,
    input_rows: usize,
}

/// Rows that compete for a credit.
#[derive(Debug)]
pub struct LedgerCandidates {
    /// The columns that the ledger declares.
    pub rows: RecordBatch,
    /// The input row of each: `received` and `position` are there.
    pub input: RecordBatch,
}

impl LedgerPipelinePlan {
    /// Plans a pipeline with the functions of a session. A ledger has no dead letters, so its
    /// NOT NULL columns must be filled by expressions that can't be null.
    pub fn compile(
        def: &PipelineDef,
        configuration: &Configuration,
        ctx: &SessionContext,
    ) -> Result<Self, Vec<Fault>> {
        let text = &*def.text;
        let no_ledger =
            || vec![text.fault_in("INSERT INTO", format!("{} is not a ledger", def.sink))];
        let ledger = configuration.table(&def.sink).ok_or_else(no_ledger)?;
        let TableKind::Ledger(options) = &ledger.kind else {
            return Err(no_ledger());
        };
        let declared = declared_fields(ledger);
        let query = QueryPlan::new(def, configuration, ctx, &declared, Target::Ledger)?;
        let may_be_null = query.nullable_columns();
        let faults: Vec<Fault> = declared
            .iter()
            .filter(|f| !f.is_nullable() && may_be_null.contains(&f.name().as_str()))
            .map(|f| {
                let name = f.name();
                text.fault_in(
                    "SELECT",
                    format!("column {name} may be null, but {} declares it NOT NULL", def.sink),
                )
                .help(format!(
                    "declare it NOT NULL in {}, or write coalesce({name}, …): a ledger has no dead letters",
                    def.source
                ))
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let one = |f| vec![f];
        let key_fields = options
            .key
            .iter()
            .filter_map(|name| declared.iter().find(|f| f.name() == name).cloned());
        let part = |only, fields: Vec<Field>| -> Result<Part, Vec<Fault>> {
            Ok(Part {
                stages: query.compile(only).map_err(one)?,
                required: Required::all(ledger, &fields),
                null_if_empty: null_if_empty(ledger, &fields),
                schema: schema_of(fields),
            })
        };
        let keys = part(Some(&options.key), key_fields.collect())?;
        let whole = part(None, declared.clone())?;
        let changes_rows = |s: &Stage| matches!(s, Stage::Unnest(_) | Stage::Lookup(_));
        if whole.stages.stages.iter().any(changes_rows) {
            let message = "an unnest or a join is refused in a ledger's pipeline";
            return Err(vec![text.fault_in("SELECT", message)]);
        }
        Ok(Self {
            name: def.name.clone(),
            passed_over: AtomicU64::new(0),
            keys,
            whole,
        })
    }

    /// How many times a row was passed over, since an expression raises on it.
    pub fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// The declared columns of the ledger.
    pub fn schema(&self) -> &SchemaRef {
        &self.whole.schema
    }

    /// The keys of the rows that the WHERE lets through.
    pub async fn keys(&self, input: &RecordBatch) -> Result<LedgerKeys> {
        let (rows, row) = self.rows(&self.keys, input)?;
        let received: TimestampMicrosecondArray = column(input, "received")?;
        Ok(LedgerKeys {
            rows,
            received: typed(&take(&received, &row, None)?)?,
            row,
            input_rows: input.num_rows(),
        })
    }

    /// All that the ledger declares, for chosen rows of the table.
    pub async fn candidates(&self, chosen: &RecordBatch) -> Result<LedgerCandidates> {
        let (rows, row) = self.rows(&self.whole, chosen)?;
        let input = if row.len() == chosen.num_rows() {
            chosen.clone()
        } else {
            take_record_batch(chosen, &row)?
        };
        Ok(LedgerCandidates { rows, input })
    }

    fn rows(&self, part: &Part, input: &RecordBatch) -> Result<(RecordBatch, UInt32Array)> {
        let LedgerRows {
            rows,
            row,
            passed_over,
        } = ledger_rows(part, input)?;
        if passed_over > 0 {
            let before = self.passed_over.fetch_add(passed_over, Ordering::Relaxed);
            let total = before + passed_over;
            // At the first, and whenever the number has doubled.
            if before.checked_ilog2() != total.checked_ilog2() {
                tracing::warn!(
                    pipeline = %self.name,
                    rows = total,
                    "rows don't count in the ledger, since an expression of its pipeline fails on them, or gives \
                     no value where the ledger needs one"
                );
            }
        }
        Ok((rows, row))
    }
}

impl LedgerKeys {
    /// The choice among these rows as a mask over the input rows.
    pub fn choose(&self, chosen: &BooleanArray) -> Result<BooleanArray> {
        if chosen.len() != self.row.len() {
            return Err(EngineError::internal("a choice has another number of rows"));
        }
        let mut mask = BooleanBuilder::with_capacity(self.input_rows);
        let disorder = || EngineError::internal("the rows of a ledger's pipeline are out of order");
        let mut next = 0;
        for (row, chosen) in self.row.values().iter().zip(chosen) {
            let row = *row as usize;
            mask.append_n(row.checked_sub(next).ok_or_else(disorder)?, false);
            mask.append_value(chosen == Some(true));
            next = row + 1;
        }
        let rest = self.input_rows.checked_sub(next).ok_or_else(disorder)?;
        mask.append_n(rest, false);
        Ok(mask.finish())
    }
}
