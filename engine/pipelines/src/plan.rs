//! A pipeline from a source into a table: made once, run on every micro-batch.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use common::Result;
use datafusion::prelude::SessionContext;
use dimensions::Dimensions;
use sql::{Configuration, Fault, PipelineDef};

use super::by_name::REJECT;
use super::isolation::isolating;
use super::output::PipelineOutput;
use super::query_plan::{QueryPlan, declared_fields};
use super::required::{Required, null_if_empty};
use super::sink::{Sink, schema_of};
use super::stages::Stages;
use super::target::Target;

/// A planned pipeline.
#[derive(Debug)]
pub struct PipelinePlan {
    stages: Stages,
    sink: Sink,
}

impl PipelinePlan {
    /// Plans a pipeline with the functions of a session.
    pub fn compile(
        def: &PipelineDef,
        configuration: &Configuration,
        ctx: &SessionContext,
    ) -> Result<Self, Vec<Fault>> {
        let sink = configuration.table(&def.sink).ok_or_else(|| {
            vec![
                def.text
                    .fault_in("INSERT INTO", format!("no table {}", def.sink)),
            ]
        })?;
        let declared = declared_fields(sink);
        let query = QueryPlan::new(def, configuration, ctx, &declared, Target::Table)?;
        let stages = query.compile(None).map_err(|f| vec![f])?;
        Ok(Self {
            sink: Sink {
                has_reject: query.has_column(REJECT),
                required: Required::all(sink, &declared),
                null_if_empty: null_if_empty(sink, &declared),
                schema: schema_of(declared),
            },
            stages,
        })
    }

    /// The declared columns of the sink.
    pub fn schema(&self) -> &SchemaRef {
        &self.sink.schema
    }

    /// Runs a micro-batch. Rows keep the order of their records, but for records without elements,
    /// which come last.
    pub async fn run(
        &self,
        input: &RecordBatch,
        dimensions: &dyn Dimensions,
    ) -> Result<PipelineOutput> {
        if input.num_rows() == 0 {
            return Ok(PipelineOutput::empty(self.sink.schema.clone()));
        }
        let run = |part: &_| self.sink.take(self.stages.run(part, dimensions)?);
        PipelineOutput::joined(&self.sink.schema, isolating(input, run)?)
    }
}
