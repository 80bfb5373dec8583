//! A metric: one `CREATE VIEW name AS SELECT …`, kept as text and planned once per binding schema.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{CreateView, Query};

use super::fault::Fault;
use super::relations::{Relation, relations};
use super::source_text::SourceText;
use super::statement::object_name;

/// What a file in `metrics/` declares.
#[derive(Debug, Clone)]
pub struct ViewDef {
    /// Its name.
    pub name: Arc<str>,
    /// The whole statement, `CREATE VIEW` included, with its variables replaced.
    pub sql: String,
    /// The comment that its file begins with.
    pub comment: Option<String>,
    /// The tables and views that it reads.
    pub reads: Vec<String>,
    /// The query behind `AS`.
    pub query: Box<Query>,
    pub(super) text: Arc<SourceText>,
    pub(super) relations: Vec<Relation>,
}

impl ViewDef {
    pub(super) fn read(text: SourceText, view: CreateView) -> Result<Self, Vec<Fault>> {
        let name = object_name(&text, &view.name).map_err(|f| vec![f])?;
        let mut faults = Vec::new();
        let refused = [
            (view.or_replace, "OR REPLACE"),
            (view.materialized, "MATERIALIZED"),
            (view.temporary, "TEMPORARY"),
            (view.if_not_exists, "IF NOT EXISTS"),
            (!view.columns.is_empty(), "a list of columns"),
        ];
        for (there, clause) in refused {
            if there {
                faults.push(text.fault_in(clause, "is not supported in a metric"));
            }
        }
        let relations = relations(&text, &view.query).map_err(|more| faults.extend(more));
        match relations {
            Ok(relations) if faults.is_empty() => Ok(Self {
                name: name.into(),
                sql: text.statement_text().to_owned(),
                comment: text.header(),
                reads: relations.iter().map(|r| r.name.clone()).collect(),
                query: view.query,
                text: Arc::new(text),
                relations,
            }),
            _ => Err(faults),
        }
    }
}
