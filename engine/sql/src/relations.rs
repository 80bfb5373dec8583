//! The tables that a query reads, in the order in which it names them.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Visit, Visitor};

use super::fault::Fault;
use super::source_text::SourceText;
use super::statement::{normal, simple_name};

/// One table that a query names, which is none of its own `WITH` parts.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// As it is written.
    pub written: ObjectName,
}

/// All tables that a query reads, each once. A qualified name is a fault.
pub fn relations(text: &SourceText, query: &Query) -> Result<Vec<Relation>, Vec<Fault>> {
    let mut collector = Collector::default();
    let _ = query.visit(&mut collector);
    let mut faults = Vec::new();
    let mut relations: Vec<Relation> = Vec::new();
    for written in collector.tables {
        let Some(name) = simple_name(&written) else {
            faults.push(
                text.fault_on(&written, "FROM", format!("name {written} is qualified")).help(
                    "write the name alone: which schema it is bound to is decided by the engine",
                ),
            );
            continue;
        };
        if !relations.iter().any(|r| r.name == name) {
            relations.push(Relation { name, written });
        }
    }
    if faults.is_empty() {
        Ok(relations)
    } else {
        Err(faults)
    }
}

/// Collects the names of tables. A name means a part of a `WITH` only behind that part, within the
/// query that the `WITH` belongs to: the part's own body, and what stands before it, sees the name's
/// outer meaning.
#[derive(Default)]
struct Collector {
    tables: Vec<ObjectName>,
    scopes: Vec<Scope>,
}

/// The `WITH` of a query that is being visited.
struct Scope {
    parts: Vec<Part>,
    /// How many of the parts have been defined so far.
    defined: usize,
}

struct Part {
    name: String,
    /// Its query's address, by which a visit of it is recognized.
    query: *const Query,
}

impl Scope {
    fn of(query: &Query) -> Self {
        let recursive = query.with.as_ref().is_some_and(|w| w.recursive);
        let parts = query.with.iter().flat_map(|w| &w.cte_tables);
        let parts: Vec<Part> = parts
            .map(|part| Part {
                name: normal(&part.alias.name),
                query: &raw const *part.query,
            })
            .collect();
        Self {
            // The parts of a recursive one see themselves.
            defined: if recursive { parts.len() } else { 0 },
            parts,
        }
    }
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.push(Scope::of(query));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(outer) = self.scopes.last_mut()
            && let Some(at) = outer
                .parts
                .iter()
                .position(|p| std::ptr::eq(p.query, query))
        {
            outer.defined = outer.defined.max(at + 1);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let is_part = simple_name(relation).is_some_and(|name| {
            let defined = |s: &Scope| s.parts[..s.defined].iter().any(|p| p.name == name);
            self.scopes.iter().any(defined)
        });
        if !is_part {
            self.tables.push(relation.clone());
        }
        ControlFlow::Continue(())
    }
}
