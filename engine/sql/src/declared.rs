//! What each file declares, before names of one file are looked up in the others.

use std::collections::BTreeMap;
use std::path::Path;

use common::TableDef;
use datafusion::sql::parser::{CreateExternalTable, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;

use super::dimension_def::DimensionDef;
use super::fault::Fault;
use super::folder::Declares;
use super::pipeline_def::UnresolvedPipeline;
use super::source_def::SourceDef;
use super::source_text::SourceText;
use super::statement::{object_name, parse};
use super::stored_table::{ledger, table};
use super::view_def::ViewDef;

/// All objects of a folder.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) sources: Vec<SourceDef>,
    pub(super) dimensions: Vec<DimensionDef>,
    pub(super) tables: Vec<(TableDef, SourceText)>,
    pub(super) pipelines: Vec<UnresolvedPipeline>,
    pub(super) views: Vec<ViewDef>,
    /// Objects whose file is at fault, under the name that the file gives them.
    pub(super) faulty: BTreeMap<String, Declares>,
}

impl Declared {
    /// Notes that a file is at fault, so that whoever names its object isn't.
    pub(super) fn add_faulty(&mut self, declares: Declares, file: &Path) {
        if let Some(name) = file.file_stem().and_then(|s| s.to_str()) {
            self.faulty.insert(name.to_owned(), declares);
        }
    }

    /// Reads one file's statement.
    pub(super) fn add(&mut self, declares: Declares, text: SourceText) -> Result<(), Vec<Fault>> {
        let statement = parse(&text).map_err(|f| vec![f])?;
        match (declares, statement) {
            (Declares::Pipeline, Statement::Statement(statement)) => match *statement {
                SqlStatement::Insert(insert) => {
                    self.pipelines.push(UnresolvedPipeline::read(text, insert)?);
                    Ok(())
                }
                _ => Err(vec![expected(
                    &text,
                    "INSERT INTO sink SELECT … FROM source",
                )]),
            },
            (Declares::Metric, Statement::Statement(statement)) => match *statement {
                SqlStatement::CreateView(view) => {
                    self.views.push(ViewDef::read(text, view)?);
                    Ok(())
                }
                _ => Err(vec![expected(&text, "CREATE VIEW name AS SELECT …")]),
            },
            (Declares::Pipeline, _) => Err(vec![expected(
                &text,
                "INSERT INTO sink SELECT … FROM source",
            )]),
            (Declares::Metric, _) => Err(vec![expected(&text, "CREATE VIEW name AS SELECT …")]),
            (_, Statement::CreateExternalTable(create)) => self.add_table(declares, text, &create),
            (_, _) => Err(vec![expected(&text, "CREATE EXTERNAL TABLE … STORED AS …")]),
        }
    }

    fn add_table(
        &mut self,
        declares: Declares,
        text: SourceText,
        create: &CreateExternalTable,
    ) -> Result<(), Vec<Fault>> {
        let stored_as = match declares {
            Declares::Source => "KAFKA",
            Declares::Dimension => "UPSERT_KAFKA",
            Declares::Table => "DELTA",
            Declares::Ledger => "LEDGER",
            Declares::Pipeline | Declares::Metric => return Err(Vec::new()),
        };
        let name = object_name(&text, &create.name).map_err(|f| vec![f])?;
        check_clauses(&text, create, stored_as)?;
        match declares {
            Declares::Source => self.sources.push(SourceDef::read(&text, name, create)?),
            Declares::Dimension => self
                .dimensions
                .push(DimensionDef::read(&text, name, create)?),
            Declares::Table => self.tables.push((table(&text, name, create)?, text)),
            Declares::Ledger => self.tables.push((ledger(&text, name, create)?, text)),
            Declares::Pipeline | Declares::Metric => {}
        }
        Ok(())
    }
}

fn expected(text: &SourceText, statement: &str) -> Fault {
    text.fault_in("the statement", "this folder holds others")
        .help(format!("write {statement}"))
}

fn check_clauses(
    text: &SourceText,
    create: &CreateExternalTable,
    stored_as: &str,
) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if !create.file_type.eq_ignore_ascii_case(stored_as) {
        let message = format!(
            "STORED AS {} does not belong into this folder",
            create.file_type
        );
        faults.push(
            text.fault_in("STORED AS", message)
                .help(format!("write STORED AS {stored_as}")),
        );
    }
    let refused = [
        (create.or_replace, "OR REPLACE"),
        (create.if_not_exists, "IF NOT EXISTS"),
        (create.temporary, "TEMPORARY"),
        (create.unbounded, "UNBOUNDED"),
        (!create.order_exprs.is_empty(), "WITH ORDER"),
    ];
    for (there, clause) in refused {
        if there {
            faults.push(
                text.fault_in(clause, "is not supported here")
                    .help("leave it out"),
            );
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
