//! Which statements may pass: those that read, and those for the session.

use datafusion::sql::parser::{ResetStatement, Statement as Parsed};
use datafusion::sql::sqlparser::ast::{ObjectName, ObjectNamePart, Reset, Statement as Sql, Use};
use tonic::Status;

use crate::status;

/// A change of the caller's own session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionChange {
    /// `SET name = value`.
    Set { name: String, value: String },
    /// `RESET name`.
    Reset { name: String },
}

/// How a statement that may pass is handled.
pub(crate) enum Handling {
    /// Plan it. The plan is checked again.
    Plan(Box<Parsed>),
    /// Its plan is a `SET` node, whose value DataFusion reads.
    PlanSet(Box<Parsed>),
    /// Change the session.
    Change(Vec<SessionChange>),
}

/// Lets a statement pass, or says that this server doesn't take it.
pub(crate) fn pass(statement: Parsed) -> Result<Handling, Status> {
    match &statement {
        Parsed::CreateExternalTable(_) => Err(read_only("CREATE EXTERNAL TABLE")),
        Parsed::CopyTo(_) => Err(read_only("COPY")),
        Parsed::Reset(ResetStatement::Variable(name)) => {
            let name = dotted(name);
            Ok(Handling::Change(vec![SessionChange::Reset { name }]))
        }
        Parsed::Explain(explain) => {
            reads_only(&explain.statement)?;
            Ok(Handling::Plan(Box::new(statement)))
        }
        Parsed::Statement(sql) => match sql.as_ref() {
            Sql::Set(_) => Ok(Handling::PlanSet(Box::new(statement))),
            Sql::Use(target) => Ok(Handling::Change(changes_of_use(target)?)),
            Sql::Reset(reset) => match &reset.reset {
                Reset::ConfigurationParameter(name) => {
                    let name = dotted(name);
                    Ok(Handling::Change(vec![SessionChange::Reset { name }]))
                }
                Reset::ALL => Err(status::unsupported(
                    "RESET ALL is not supported: reset each setting by its name",
                )),
            },
            sql => {
                sql_reads_only(sql)?;
                Ok(Handling::Plan(Box::new(statement)))
            }
        },
    }
}

fn reads_only(statement: &Parsed) -> Result<(), Status> {
    match statement {
        Parsed::Statement(sql) => sql_reads_only(sql),
        Parsed::Explain(explain) => reads_only(&explain.statement),
        Parsed::CreateExternalTable(_) => Err(read_only("CREATE EXTERNAL TABLE")),
        Parsed::CopyTo(_) => Err(read_only("COPY")),
        Parsed::Reset(_) => Err(status::invalid("RESET cannot be explained")),
    }
}

fn sql_reads_only(sql: &Sql) -> Result<(), Status> {
    match sql {
        Sql::Query(_)
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowVariable { .. }
        | Sql::ShowVariables { .. }
        | Sql::ShowFunctions { .. }
        | Sql::ShowCreate { .. }
        | Sql::ShowSchemas { .. }
        | Sql::ShowDatabases { .. }
        | Sql::ExplainTable { .. } => Ok(()),
        Sql::Explain { statement, .. } => sql_reads_only(statement),
        Sql::StartTransaction { .. }
        | Sql::Commit { .. }
        | Sql::Rollback { .. }
        | Sql::Savepoint { .. }
        | Sql::ReleaseSavepoint { .. } => Err(status::unsupported(
            "there are no transactions here: every query sees one published state by itself",
        )),
        Sql::Prepare { .. } | Sql::Execute { .. } | Sql::Deallocate { .. } => {
            Err(status::unsupported(
                "PREPARE, EXECUTE and DEALLOCATE are not supported: prepare by the driver",
            ))
        }
        other => Err(read_only(&name_of(other))),
    }
}

/// The refusal of a statement that would change something.
pub(crate) fn read_only(name: &str) -> Status {
    status::unsupported(format!(
        "this server is read-only: {name} is refused; it takes SELECT, SHOW, DESCRIBE, EXPLAIN, \
         and SET, RESET and USE for the session"
    ))
}

fn name_of(sql: &Sql) -> String {
    let text = sql.to_string();
    let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
    let first = words.next().unwrap_or_default();
    match (first.as_str(), words.next()) {
        ("CREATE" | "DROP" | "ALTER" | "TRUNCATE", Some(second)) => format!("{first} {second}"),
        _ => first,
    }
}

fn changes_of_use(target: &Use) -> Result<Vec<SessionChange>, Status> {
    let set = |name: &str, value: String| SessionChange::Set {
        name: name.to_owned(),
        value,
    };
    match target {
        Use::Catalog(name) | Use::Database(name) => Ok(vec![set("catalog", dotted(name))]),
        Use::Schema(name) | Use::Object(name) => {
            let parts: Vec<String> = name.0.iter().map(part_value).collect();
            match parts.as_slice() {
                [schema] => Ok(vec![set("schema", schema.clone())]),
                [catalog, schema] => Ok(vec![
                    set("catalog", catalog.clone()),
                    set("schema", schema.clone()),
                ]),
                _ => Err(status::invalid("USE takes a schema, or catalog.schema")),
            }
        }
        Use::Default => Ok(["catalog", "schema"]
            .map(|name| SessionChange::Reset {
                name: name.to_owned(),
            })
            .into()),
        Use::Warehouse(_) | Use::Role(_) | Use::SecondaryRoles(_) => Err(status::unsupported(
            "there are no warehouses and roles here: USE takes a schema, or catalog.schema",
        )),
    }
}

fn dotted(name: &ObjectName) -> String {
    let parts: Vec<String> = name.0.iter().map(part_value).collect();
    parts.join(".")
}

fn part_value(part: &ObjectNamePart) -> String {
    part.as_ident()
        .map_or_else(|| part.to_string(), |ident| ident.value.clone())
}
