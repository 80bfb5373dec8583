//! One micro-batch through a source's pipelines: rows of the sinks, dead letters, archive rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use common::{EngineError, OffsetKey, Offsets, Result, TableDef, TopicPartition};
use dimensions::Dimensions;
use kafka::SourceBatch;
use lake::commit::PartitionCount;
use pipelines::{PipelineOutput, PipelinePlan};
use sql::ARCHIVE;

use super::row_origin::{EngineColumns, RecordColumns, repeated};
use super::untimed::Untimed;

/// One pipeline of a source, planned.
#[derive(Debug)]
pub struct PlannedPipeline {
    /// Its name.
    pub name: Arc<str>,
    /// The table it writes.
    pub sink: Arc<TableDef>,
    /// Its plan.
    pub plan: PipelinePlan,
}

/// What a source's micro-batches go through.
#[derive(Debug)]
pub struct Extraction {
    /// The source's name.
    pub source: Arc<str>,
    /// Its topic's name.
    pub topic: Arc<str>,
    /// Its pipelines.
    pub pipelines: Vec<PlannedPipeline>,
    /// The archive table.
    pub archive: Arc<TableDef>,
    /// The dead-letter table.
    pub dead_letters: Arc<TableDef>,
}

/// What a micro-batch became, before the ledgers have seen it.
#[derive(Debug, Default)]
pub struct Extracted {
    /// Rows by table.
    pub rows: Vec<(Arc<str>, RecordBatch)>,
    /// The next offsets of each pipeline and of the archive.
    pub offsets: Offsets,
    /// The first offset of each topic partition that the micro-batch covers.
    pub first_offsets: BTreeMap<TopicPartition, i64>,
    /// What was counted, each kind where it arose.
    pub counts: Vec<PartitionCount>,
    /// The latest received time by topic partition.
    pub received_max_us: BTreeMap<i32, i64>,
}

impl Extraction {
    /// Runs a micro-batch through all pipelines of the source.
    pub async fn run(&self, batch: &SourceBatch, dimensions: &dyn Dimensions) -> Result<Extracted> {
        if batch.records.num_rows() == 0 {
            return Ok(self.without_records(batch));
        }
        let columns = RecordColumns::new(&batch.records, self.topic.clone(), batch.incarnation)?;
        let mut extracted = Extracted {
            received_max_us: columns.received_max_us(),
            first_offsets: first_offsets(batch),
            ..Extracted::default()
        };
        self.archive(batch, &columns, &mut extracted)?;
        let untimed = Untimed::among(columns.received());
        let records = match &untimed {
            None => batch.records.clone(),
            Some(untimed) => untimed.timed(&batch.records)?,
        };
        for pipeline in &self.pipelines {
            let mut output = pipeline.plan.run(&records, dimensions).await?;
            if let Some(untimed) = &untimed {
                output = untimed.with_rejects(output)?;
            }
            self.take_output(pipeline, batch, &columns, output, &mut extracted)?;
        }
        Ok(extracted)
    }

    /// A micro-batch of ranges alone: where partitions begin, and offsets that brought no record.
    fn without_records(&self, batch: &SourceBatch) -> Extracted {
        let mut extracted = Extracted {
            first_offsets: first_offsets(batch),
            ..Extracted::default()
        };
        extracted.note_read(&ARCHIVE.into(), batch);
        for pipeline in &self.pipelines {
            extracted.note_read(&pipeline.name, batch);
        }
        extracted
    }

    fn archive(
        &self,
        batch: &SourceBatch,
        columns: &RecordColumns,
        extracted: &mut Extracted,
    ) -> Result<()> {
        let mut table = Assembly::new(&self.archive.schema, batch.records.num_rows());
        table.text("source", &self.source)?;
        table.text("topic", &self.topic)?;
        for name in ["key", "value", "headers"] {
            table.put_from(&batch.records, name);
        }
        table.engine(columns.of_records()?);
        extracted
            .rows
            .push((self.archive.name.clone(), table.finish()?));
        extracted.note_read(&ARCHIVE.into(), batch);
        Ok(())
    }

    fn take_output(
        &self,
        pipeline: &PlannedPipeline,
        batch: &SourceBatch,
        columns: &RecordColumns,
        output: PipelineOutput,
        extracted: &mut Extracted,
    ) -> Result<()> {
        let counts = count(pipeline, &self.source, batch, columns, &output);
        extracted.counts.extend(counts);
        extracted.note_read(&pipeline.name, batch);
        if output.rows.num_rows() > 0 {
            let mut table = Assembly::new(&pipeline.sink.schema, output.rows.num_rows());
            for field in output.rows.schema().fields() {
                table.put_from(&output.rows, field.name());
            }
            table.engine(columns.of_elements(&output.row, &output.element)?);
            extracted
                .rows
                .push((pipeline.sink.name.clone(), table.finish()?));
        }
        if !output.rejects.row.is_empty() {
            let letters = self.letters(pipeline, batch, columns, &output)?;
            extracted
                .rows
                .push((self.dead_letters.name.clone(), letters));
        }
        Ok(())
    }

    /// Dead letters: one row a rejected element; the record's bytes stand in its first one.
    fn letters(
        &self,
        pipeline: &PlannedPipeline,
        batch: &SourceBatch,
        columns: &RecordColumns,
        output: &PipelineOutput,
    ) -> Result<RecordBatch> {
        let rejects = &output.rejects;
        let rows = rejects.row.len();
        // The index is null from the second one on, so that a record's bytes are copied once.
        let first: UInt32Array = (0..rows)
            .map(|i| rejects.row.value(i))
            .enumerate()
            .map(|(i, row)| (i == 0 || rejects.row.value(i - 1) != row).then_some(row))
            .collect();
        let mut table = Assembly::new(&self.dead_letters.schema, rows);
        table.text("source", &self.source)?;
        table.text("pipeline", &pipeline.name)?;
        table.put("reason", Arc::new(rejects.reason.clone()));
        table.put("sign", Arc::new(Int32Array::from_value(1, rows)));
        for name in ["key", "value", "headers"] {
            if let Some(column) = batch.records.column_by_name(name) {
                table.put(name, take(column, &first, None)?);
            }
        }
        table.engine(columns.of_elements(&rejects.row, &rejects.element)?);
        table.finish()
    }
}

fn first_offsets(batch: &SourceBatch) -> BTreeMap<TopicPartition, i64> {
    let first = batch.ranges.iter();
    first.map(|r| (r.at.clone(), r.first_offset)).collect()
}

impl Extracted {
    /// Notes that a pipeline, or the archive, has read a micro-batch.
    fn note_read(&mut self, pipeline: &Arc<str>, batch: &SourceBatch) {
        self.offsets.extend(batch.ranges.iter().map(|range| {
            let key = OffsetKey {
                pipeline: pipeline.clone(),
                at: range.at.clone(),
            };
            (key, range.next_offset)
        }));
    }
}

/// Counts by topic partition. Records are counted as they were read, the opened ones and their
/// elements as the pipeline produced them, and each outcome where it arose: none is derived from
/// the others, so that a row lost anywhere makes the sums differ.
fn count(
    pipeline: &PlannedPipeline,
    source: &Arc<str>,
    batch: &SourceBatch,
    columns: &RecordColumns,
    output: &PipelineOutput,
) -> Vec<PartitionCount> {
    let tally = |rows: &UInt32Array| {
        let mut by_partition: BTreeMap<i32, i64> = BTreeMap::new();
        for row in rows.values() {
            let partition = columns.partition().value(*row as usize);
            *by_partition.entry(partition).or_default() += 1;
        }
        by_partition
    };
    let events = tally(&output.row);
    let dead_letters = tally(&output.rejects.row);
    let filtered = tally(&output.filtered.row);
    let elements = tally(&output.produced);
    let opened = tally(&distinct(&output.produced, batch.records.num_rows()));
    batch
        .ranges
        .iter()
        .map(|range| {
            let of = |counted: &BTreeMap<i32, i64>| {
                counted.get(&range.at.partition).copied().unwrap_or(0)
            };
            PartitionCount {
                source: source.clone(),
                pipeline: pipeline.name.clone(),
                at: range.at.clone(),
                records: i64::try_from(range.records).unwrap_or(i64::MAX),
                opened: of(&opened),
                elements: of(&elements),
                events: of(&events),
                dead_letters: of(&dead_letters),
                filtered: of(&filtered),
            }
        })
        .collect()
}

/// Each row once, of rows below `rows` that may come again.
fn distinct(produced: &UInt32Array, rows: usize) -> UInt32Array {
    let mut seen = vec![false; rows];
    produced
        .values()
        .iter()
        .filter(|row| !std::mem::replace(&mut seen[**row as usize], true))
        .copied()
        .map(Some)
        .collect()
}

/// Puts a table's columns together by name.
struct Assembly<'a> {
    schema: &'a SchemaRef,
    rows: usize,
    columns: BTreeMap<String, ArrayRef>,
}

impl<'a> Assembly<'a> {
    fn new(schema: &'a SchemaRef, rows: usize) -> Self {
        Self {
            schema,
            rows,
            columns: BTreeMap::new(),
        }
    }

    fn put(&mut self, name: &str, column: ArrayRef) {
        self.columns.insert(name.to_owned(), column);
    }

    /// The column of another batch, where it has one.
    fn put_from(&mut self, batch: &RecordBatch, name: &str) {
        if let Some(column) = batch.column_by_name(name) {
            self.put(name, column.clone());
        }
    }

    fn text(&mut self, name: &str, text: &str) -> Result<()> {
        let column: StringArray = repeated(text, self.rows)?;
        self.put(name, Arc::new(column));
        Ok(())
    }

    fn engine(&mut self, columns: EngineColumns) {
        self.put("received", columns.received);
        self.put("arrival_hour", columns.arrival_hour);
        self.put("position", columns.position);
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| match self.columns.remove(field.name()) {
                Some(column) => Ok(column),
                None if field.is_nullable() => {
                    Ok(arrow::array::new_null_array(field.data_type(), self.rows))
                }
                None => Err(EngineError::internal(format!(
                    "nothing was made for column {}",
                    field.name()
                ))),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use common::source_schema;
    use dimensions::NoDimensions;
    use kafka::PartitionRange;
    use sql::{DEAD_LETTERS, built_in_tables};

    use super::*;

    fn table(name: &str) -> Arc<TableDef> {
        let mut tables = built_in_tables().into_iter();
        Arc::new(tables.find(|table| *table.name == *name).unwrap())
    }

    #[tokio::test]
    async fn a_range_without_records_moves_offsets_and_adds_no_rows() {
        let extraction = Extraction {
            source: "mobile".into(),
            topic: "logs".into(),
            pipelines: Vec::new(),
            archive: table(ARCHIVE),
            dead_letters: table(DEAD_LETTERS),
        };
        let at = TopicPartition {
            topic: "logs".into(),
            incarnation: 2,
            partition: 3,
        };
        let batch = SourceBatch {
            records: RecordBatch::new_empty(source_schema()),
            ranges: vec![PartitionRange {
                at: at.clone(),
                first_offset: 7,
                next_offset: 9,
                records: 0,
            }],
            incarnation: 2,
            bytes: 0,
        };
        let extracted = extraction.run(&batch, &NoDimensions).await.unwrap();
        assert!(extracted.rows.is_empty() && extracted.counts.is_empty());
        assert_eq!(extracted.first_offsets, BTreeMap::from([(at.clone(), 7)]));
        let key = OffsetKey {
            pipeline: ARCHIVE.into(),
            at,
        };
        assert_eq!(extracted.offsets, Offsets::from([(key, 9)]));
    }
}
