//! A source: a Kafka topic that is read as a table of raw records.

use std::sync::Arc;
use std::time::Duration;

use datafusion::sql::parser::CreateExternalTable;

use super::fault::Fault;
use super::source_text::SourceText;
use super::table_options::{duration, options};

/// What `CREATE EXTERNAL TABLE … STORED AS KAFKA` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDef {
    /// Its name.
    pub name: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// How late a record may come after its timestamp: the source's watermark lags by it.
    pub lateness: Duration,
    /// The comment that its file begins with.
    pub comment: Option<String>,
}

impl SourceDef {
    pub(super) fn read(
        text: &SourceText,
        name: String,
        create: &CreateExternalTable,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if !create.columns.is_empty() {
            faults.push(
                text.fault_on(
                    &create.columns[0],
                    "the columns",
                    "a source declares no columns",
                )
                .help(
                    "every record has key, value, headers, topic, partition, offset and received",
                ),
            );
        }
        if !create.table_partition_cols.is_empty() {
            faults.push(text.fault_in("PARTITIONED BY", "a source has no table partitions"));
        }
        let topic = topic(text, create).map_err(|f| faults.push(f)).ok();
        let lateness = options(text, create, &["lateness"])
            .and_then(|options| match options.get("lateness") {
                Some(value) => duration(text, "lateness", value),
                None => Ok(Duration::ZERO),
            })
            .map_err(|f| faults.push(f))
            .ok();
        match (topic, lateness) {
            (Some(topic), Some(lateness)) if faults.is_empty() => Ok(Self {
                name: name.into(),
                topic,
                lateness,
                comment: text.header(),
            }),
            _ => Err(faults),
        }
    }
}

/// The topic that LOCATION names.
pub(super) fn topic(text: &SourceText, create: &CreateExternalTable) -> Result<Arc<str>, Fault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match create.locations.as_slice() {
        [topic] if !topic.is_empty() && topic.len() <= 249 && topic.chars().all(legal) => {
            Ok(topic.as_str().into())
        }
        [topic] => Err(text
            .fault_in(
                "LOCATION",
                format!("'{topic}' is not the name of a Kafka topic"),
            )
            .help("topics have letters, digits, '.', '_' and '-'")),
        _ => Err(text.fault_in("LOCATION", "names more than one topic")),
    }
}
