//! The columns of a query matched by name to those of its sink.

use std::collections::BTreeMap;

use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use sql::{Fault, SourceText};

/// The column in which a query says why a row is a dead letter.
pub(super) const REJECT: &str = "reject";

const CLAUSE: &str = "SELECT";

/// Puts a projection on a query that gives the sink's columns in their order and types, and then
/// `reject`, if the query has it and the sink takes it.
pub(super) fn project_by_name(
    text: &SourceText,
    plan: LogicalPlan,
    sink: &str,
    declared: &[Field],
    takes_reject: bool,
) -> Result<LogicalPlan, Vec<Fault>> {
    let columns = columns_by_name(text, &plan)?;
    let mut faults = mismatches(text, &columns, sink, declared, takes_reject);
    let mut exprs = Vec::with_capacity(declared.len() + 1);
    let reject = Field::new(REJECT, DataType::Utf8, true);
    let reject = (takes_reject && columns.contains_key(REJECT)).then_some(&reject);
    for field in declared.iter().chain(reject) {
        let Some((column, found)) = columns.get(field.name().as_str()) else {
            continue;
        };
        match converted(column.clone(), found, field) {
            Ok(expr) => exprs.push(expr),
            Err(message) => faults.push(text.fault_in(CLAUSE, message)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    LogicalPlanBuilder::from(plan)
        .project(exprs)
        .and_then(LogicalPlanBuilder::build)
        .map_err(|e| vec![text.fault_from(&e, CLAUSE)])
}

type Columns = BTreeMap<String, (Column, DataType)>;

fn columns_by_name(text: &SourceText, plan: &LogicalPlan) -> Result<Columns, Vec<Fault>> {
    let mut columns = Columns::new();
    let mut faults = Vec::new();
    for (qualifier, field) in plan.schema().iter() {
        let column = Column::new(qualifier.cloned(), field.name());
        let entry = (column, field.data_type().clone());
        if columns.insert(field.name().clone(), entry).is_some() {
            faults.push(text.fault_in(CLAUSE, format!("column {} is given twice", field.name())));
        }
    }
    if faults.is_empty() {
        Ok(columns)
    } else {
        Err(faults)
    }
}

fn mismatches(
    text: &SourceText,
    columns: &Columns,
    sink: &str,
    declared: &[Field],
    takes_reject: bool,
) -> Vec<Fault> {
    let missing: Vec<&str> = declared
        .iter()
        .map(|f| f.name().as_str())
        .filter(|name| !columns.contains_key(*name))
        .collect();
    let surplus: Vec<&str> = columns
        .keys()
        .map(String::as_str)
        .filter(|name| !declared.iter().any(|f| f.name() == name))
        .filter(|name| !takes_reject || *name != REJECT)
        .collect();
    let mut wrong = Vec::new();
    let mut remedies = vec!["columns are matched by name"];
    if !missing.is_empty() {
        remedies.push("write NULL AS name for one that has no value");
        wrong.push(format!(
            "{sink} has columns that the query lacks: {}",
            missing.join(", ")
        ));
    }
    if !surplus.is_empty() {
        remedies.push("take out a surplus one, or declare it in the table");
        wrong.push(format!(
            "the query has columns that {sink} lacks: {}",
            surplus.join(", ")
        ));
    }
    if wrong.is_empty() {
        return Vec::new();
    }
    let fault = text
        .fault_in(CLAUSE, wrong.join("; "))
        .help(remedies.join("; "));
    vec![fault]
}

fn converted(column: Column, found: &DataType, field: &Field) -> Result<Expr, String> {
    let name = field.name();
    let wanted = field.data_type();
    if let DataType::Timestamp(_, None) = found {
        return Err(format!(
            "column {name} is a time without a zone: times are instants in UTC, such as received \
             and event_time() give"
        ));
    }
    let column = Expr::Column(column);
    if found == wanted {
        return Ok(column.alias(name));
    }
    if let Some(why) = untimely(found, wanted) {
        return Err(format!("column {name} {why}"));
    }
    if !can_cast_types(found, wanted) {
        return Err(format!(
            "column {name} is {found}, which can't become {wanted}"
        ));
    }
    Ok(cast(column, wanted.clone()).alias(name))
}

/// Why a cast would make wrong times of a column, if it would: a number has no unit and a text, a
/// date or a wall clock no zone, at any depth.
fn untimely(found: &DataType, wanted: &DataType) -> Option<String> {
    match (found, wanted) {
        (DataType::Timestamp(_, None), _) => {
            Some(format!("holds a time without a zone; {HOW_TO_TELL_TIME}"))
        }
        (DataType::Timestamp(_, Some(_)) | DataType::Null, DataType::Timestamp(..)) => None,
        (
            DataType::List(found)
            | DataType::LargeList(found)
            | DataType::ListView(found)
            | DataType::LargeListView(found)
            | DataType::FixedSizeList(found, _),
            wanted,
        ) => {
            let wanted = match wanted {
                DataType::List(item) => item.data_type(),
                other => other,
            };
            untimely(found.data_type(), wanted)
        }
        (found, DataType::List(wanted)) => untimely(found, wanted.data_type()),
        (DataType::Struct(found), DataType::Struct(wanted)) => {
            let mut fields = found.iter().enumerate();
            fields.find_map(|(at, field)| {
                let same = wanted.iter().find(|w| w.name() == field.name());
                let wanted = same.or_else(|| wanted.get(at)).unwrap_or(field);
                untimely(field.data_type(), wanted.data_type())
            })
        }
        (DataType::Struct(found), wanted) => {
            let mut fields = found.iter();
            fields.find_map(|field| untimely(field.data_type(), wanted))
        }
        (found, DataType::Timestamp(..)) => Some(format!(
            "is {found}, which names no instant; {HOW_TO_TELL_TIME}"
        )),
        _ => None,
    }
}

const HOW_TO_TELL_TIME: &str = "a TIMESTAMP takes times with a zone only: received, \
     event_time(created, sent, received), or to_timestamp_millis(n) AT TIME ZONE 'UTC' for \
     milliseconds since 1970";
