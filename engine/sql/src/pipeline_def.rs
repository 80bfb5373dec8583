//! A pipeline: one `INSERT INTO sink SELECT … FROM source`.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Insert, Query, TableObject};

use super::fault::Fault;
use super::relations::{Relation, relations};
use super::source_text::SourceText;
use super::statement::simple_name;

/// What a file in `pipelines/` declares.
#[derive(Debug, Clone)]
pub struct PipelineDef {
    /// Its name: the file's stem.
    pub name: Arc<str>,
    /// The table or ledger that it writes.
    pub sink: Arc<str>,
    /// The source, or for a ledger the table, that it reads.
    pub source: Arc<str>,
    /// The dimensions that it joins.
    pub dimensions: Vec<Arc<str>>,
    /// The query behind `INSERT INTO sink`.
    pub query: Box<Query>,
    /// The comment that its file begins with.
    pub comment: Option<String>,
    /// Its file.
    pub text: Arc<SourceText>,
}

/// A pipeline whose names have not been looked up yet.
#[derive(Debug)]
pub(super) struct UnresolvedPipeline {
    pub(super) name: Arc<str>,
    pub(super) sink: Relation,
    pub(super) reads: Vec<Relation>,
    pub(super) query: Box<Query>,
    pub(super) text: Arc<SourceText>,
}

impl UnresolvedPipeline {
    pub(super) fn read(text: SourceText, insert: Insert) -> Result<Self, Vec<Fault>> {
        let TableObject::TableName(sink) = &insert.table else {
            return Err(vec![
                text.fault_in("INSERT INTO", "the sink must be a table's name"),
            ]);
        };
        let sink = Relation {
            name: simple_name(sink).ok_or_else(|| {
                vec![text.fault_on(sink, "INSERT INTO", format!("name {sink} is qualified"))]
            })?,
            written: sink.clone(),
        };
        let mut faults = clause_faults(&text, &insert);
        let Some(query) = insert.source else {
            faults.push(text.fault_in("INSERT INTO", "a pipeline needs a SELECT"));
            return Err(faults);
        };
        match relations(&text, &query) {
            Ok(reads) if faults.is_empty() => Ok(Self {
                name: text.name().into(),
                sink,
                reads,
                query,
                text: Arc::new(text),
            }),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }
}

fn clause_faults(text: &SourceText, insert: &Insert) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(column) = insert.columns.first() {
        faults.push(
            text.fault_on(column, "INSERT INTO", "a pipeline has no list of columns")
                .help("columns are matched by name: give each column of the SELECT its name"),
        );
    }
    let refused = [
        (insert.overwrite, "OVERWRITE"),
        (!insert.into, "INSERT without INTO"),
        (insert.on.is_some(), "ON CONFLICT"),
        (insert.returning.is_some(), "RETURNING"),
        (insert.partitioned.is_some(), "PARTITION"),
        (insert.or.is_some() || insert.ignore, "INSERT OR …"),
        (insert.table_alias.is_some(), "a table alias"),
    ];
    for (there, clause) in refused {
        if there {
            faults.push(text.fault_in(clause, "is not supported in a pipeline"));
        }
    }
    faults
}
