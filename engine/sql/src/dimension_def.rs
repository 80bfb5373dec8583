//! A dimension: a compacted topic that is joined at extraction, one row a key.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::sql::parser::CreateExternalTable;
use dimensions::{DIMENSION_TYPES, is_dimension_type};

use super::declared_columns::{fields, primary_key};
use super::fault::Fault;
use super::source_def::topic;
use super::source_text::SourceText;
use super::table_options::options;

/// What `CREATE EXTERNAL TABLE … STORED AS UPSERT_KAFKA` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionDef {
    /// Its name.
    pub name: Arc<str>,
    /// The compacted topic.
    pub topic: Arc<str>,
    /// The column that is the record's key; the others are fields of its JSON value.
    pub key: String,
    /// All columns in the declared order.
    pub schema: SchemaRef,
    /// The comment that its file begins with.
    pub comment: Option<String>,
}

impl DimensionDef {
    pub(super) fn read(
        text: &SourceText,
        name: String,
        create: &CreateExternalTable,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let fields = fields(text, &create.columns, &[])
            .map_err(|f| faults.extend(f))
            .ok();
        let key = primary_key(text, &create.constraints)
            .map_err(|f| faults.push(f))
            .ok();
        for (field, column) in fields.iter().flatten().zip(&create.columns) {
            if !is_dimension_type(field.data_type()) {
                let message = format!(
                    "column {} has type {}, which a dimension can't hold",
                    field.name(),
                    column.data_type
                );
                faults.push(
                    text.fault_on(column, "the columns", message)
                        .help(format!("known: {DIMENSION_TYPES}")),
                );
            }
        }
        let topic = topic(text, create).map_err(|f| faults.push(f)).ok();
        if let Err(fault) = options(text, create, &[]) {
            faults.push(fault);
        }
        if !create.table_partition_cols.is_empty() {
            faults.push(text.fault_in("PARTITIONED BY", "a dimension has no table partitions"));
        }
        let (Some(mut fields), Some(key), Some(topic)) = (fields, key, topic) else {
            return Err(faults);
        };
        let [key] = key.as_slice() else {
            faults.push(
                text.fault_in("PRIMARY KEY", format!("names {} columns", key.len()))
                    .help(
                        "write PRIMARY KEY (column) with the one column that is the record's key",
                    ),
            );
            return Err(faults);
        };
        match fields.iter_mut().find(|f| f.name() == key) {
            Some(field) if *field.data_type() == DataType::Utf8 => field.set_nullable(false),
            Some(_) => faults.push(text.fault_in(
                "PRIMARY KEY",
                format!("column {key} must be a STRING: it is the record's key"),
            )),
            None => {
                faults.push(text.fault_in("PRIMARY KEY", format!("column {key} is not declared")))
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            name: name.into(),
            topic,
            key: key.clone(),
            schema: Arc::new(Schema::new(fields)),
            comment: text.header(),
        })
    }
}
