//! The tables that a query reads, in the order in which it names them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Visit, Visitor};

use super::fault::Fault;
use super::source_text::SourceText;
use super::statement::{normal, simple_name};

/// One table that a query names, which is none of its own `WITH` parts.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// Its name.
    pub(super) name: String,
    /// As it is written.
    pub(super) written: ObjectName,
}

/// All tables that a query reads, each once. A qualified name is a fault.
pub(super) fn relations(text: &SourceText, query: &Query) -> Result<Vec<Relation>, Vec<Fault>> {
    let mut collector = Collector::default();
    let _ = query.visit(&mut collector);
    let mut faults = Vec::new();
    let mut relations: Vec<Relation> = Vec::new();
    for written in collector.names {
        let Some(name) = simple_name(&written) else {
            faults.push(
                text.fault_on(&written, "FROM", format!("name {written} is qualified")).help(
                    "write the name alone: which schema it is bound to is decided by the engine",
                ),
            );
            continue;
        };
        if !collector.parts.contains(&name) && !relations.iter().any(|r| r.name == name) {
            relations.push(Relation { name, written });
        }
    }
    if faults.is_empty() {
        Ok(relations)
    } else {
        Err(faults)
    }
}

#[derive(Default)]
struct Collector {
    names: Vec<ObjectName>,
    parts: BTreeSet<String>,
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for part in query.with.iter().flat_map(|w| &w.cte_tables) {
            self.parts.insert(normal(&part.alias.name));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.names.push(relation.clone());
        ControlFlow::Continue(())
    }
}
