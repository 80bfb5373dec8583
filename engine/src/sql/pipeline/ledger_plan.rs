//! A pipeline from a table into a ledger: the keys of all rows first, the rest for few.

use arrow::array::{
    BooleanArray, BooleanBuilder, RecordBatch, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;

use super::frame::{Frame, batch_of, typed};
use super::query_plan::{QueryPlan, declared_fields};
use super::sink::schema_of;
use super::stages::Stages;
use crate::error::{EngineError, Result};
use crate::sql::configuration::Configuration;
use crate::sql::dimensions::NoDimensions;
use crate::sql::fault::Fault;
use crate::sql::pipeline_def::PipelineDef;
use crate::values::TableKind;

/// A planned pipeline into a ledger.
///
/// Most events are of devices that are known. So one plan evaluates the WHERE and the key alone,
/// and the other one everything, for the rows that the index lets through.
#[derive(Debug)]
pub struct LedgerPipelinePlan {
    keys: Stages,
    key_schema: SchemaRef,
    whole: Stages,
    schema: SchemaRef,
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
        let query = QueryPlan::new(def, configuration, ctx, &declared, false)?;
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
        Ok(Self {
            keys: query.compile(Some(&options.key)).map_err(one)?,
            key_schema: schema_of(key_fields.collect()),
            whole: query.compile(None).map_err(one)?,
            schema: schema_of(declared),
        })
    }

    /// The declared columns of the ledger.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The keys of the rows that the WHERE lets through.
    pub async fn keys(&self, input: &RecordBatch) -> Result<LedgerKeys> {
        let (rows, row) = rows(&self.keys, &self.key_schema, input)?;
        let received = input
            .column_by_name("received")
            .ok_or_else(|| EngineError::internal("a table's rows have no column received"))?;
        Ok(LedgerKeys {
            rows,
            received: typed(&take(received, &row, None)?)?,
            row,
            input_rows: input.num_rows(),
        })
    }

    /// All that the ledger declares, for chosen rows of the table.
    pub async fn candidates(&self, chosen: &RecordBatch) -> Result<LedgerCandidates> {
        let (rows, row) = rows(&self.whole, &self.schema, chosen)?;
        let input = if row.len() == chosen.num_rows() {
            chosen.clone()
        } else {
            take_record_batch(chosen, &row)?
        };
        Ok(LedgerCandidates { rows, input })
    }
}

fn rows(
    stages: &Stages,
    schema: &SchemaRef,
    input: &RecordBatch,
) -> Result<(RecordBatch, UInt32Array)> {
    let outcome = stages.run(input, &NoDimensions)?;
    match <[Frame; 1]>::try_from(outcome.frames) {
        Ok([frame]) => {
            let columns = frame.batch.columns().to_vec();
            Ok((batch_of(schema, columns, frame.len())?, frame.rows))
        }
        Err(none) if none.is_empty() => Ok((
            RecordBatch::new_empty(schema.clone()),
            UInt32Array::from(Vec::<u32>::new()),
        )),
        Err(_) => Err(EngineError::internal(
            "a ledger's pipeline gave several batches",
        )),
    }
}

impl LedgerKeys {
    /// The choice among these rows as a mask over the input rows.
    pub fn choose(&self, chosen: &BooleanArray) -> Result<BooleanArray> {
        if chosen.len() != self.row.len() {
            return Err(EngineError::internal("a choice has another number of rows"));
        }
        let mut mask = BooleanBuilder::with_capacity(self.input_rows);
        let mut next = 0;
        for (row, chosen) in self.row.values().iter().zip(chosen) {
            mask.append_n(*row as usize - next, false);
            mask.append_value(chosen == Some(true));
            next = *row as usize + 1;
        }
        mask.append_n(self.input_rows - next, false);
        Ok(mask.finish())
    }
}
