//! A checkpoint's Parquet file, read back as log actions.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch, StructArray};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use super::actions::{ActionLine, Add, MetaData, Protocol, Remove, Txn};
use super::log;
use super::replay::Replay;
use crate::storage::Storage;
use common::{EngineError, Result};

/// The leaves that are read; parsed statistics are left out.
const COLUMNS: [&str; 17] = [
    "txn",
    "protocol",
    "metaData.id",
    "metaData.name",
    "metaData.description",
    "metaData.schemaString",
    "metaData.partitionColumns",
    "metaData.configuration",
    "metaData.createdTime",
    "add.path",
    "add.partitionValues",
    "add.size",
    "add.modificationTime",
    "add.stats",
    "add.deletionVector",
    "remove.path",
    "remove.deletionTimestamp",
];

/// The actions of a checkpoint.
pub(super) async fn read(storage: &Storage, location: &str, version: i64) -> Result<Replay> {
    let path = log::checkpoint_path(location, version);
    let bytes = storage.get_file(&path).await?.ok_or_else(|| {
        EngineError::data(format!(
            "checkpoint {path} is missing in {}; restore it from a backup",
            storage.url()
        ))
    })?;
    tokio::task::spawn_blocking(move || apply(bytes))
        .await
        .map_err(|e| EngineError::internal("reading a checkpoint was cut off").caused_by(e))?
        .map_err(|e| e.context(format!("checkpoint {path}")))
}

fn apply(bytes: Bytes) -> Result<Replay> {
    let mut replay = Replay::default();
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    for batch in builder.with_projection(mask).build().map_err(damaged)? {
        let batch = batch.map_err(damaged)?;
        let columns = Columns::of(&batch);
        for row in 0..batch.num_rows() {
            replay.apply(columns.line(row)?)?;
        }
    }
    Ok(replay)
}

fn damaged(e: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError::data("the file is damaged, restore it from a backup").caused_by(e)
}

/// The structs of a batch, one for each kind of action.
struct Columns<'a> {
    txn: Option<&'a StructArray>,
    protocol: Option<&'a StructArray>,
    meta_data: Option<&'a StructArray>,
    add: Option<&'a StructArray>,
    remove: Option<&'a StructArray>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let column = |name| batch.column_by_name(name).and_then(|c| c.as_struct_opt());
        Self {
            txn: column("txn"),
            protocol: column("protocol"),
            meta_data: column("metaData"),
            add: column("add"),
            remove: column("remove"),
        }
    }

    fn line(&self, row: usize) -> Result<ActionLine> {
        let at = |column: Option<&'a StructArray>| {
            column
                .filter(|c| c.is_valid(row))
                .map(|c| Row { of: c, row })
        };
        Ok(ActionLine {
            commit_info: None,
            txn: at(self.txn).map(|r| r.txn()).transpose()?,
            protocol: at(self.protocol).map(|r| r.protocol()).transpose()?,
            meta_data: at(self.meta_data).map(|r| r.meta_data()).transpose()?,
            add: at(self.add).map(|r| r.add()).transpose()?,
            remove: at(self.remove).map(|r| r.remove()).transpose()?,
        })
    }
}

/// One row of one action's struct.
struct Row<'a> {
    of: &'a StructArray,
    row: usize,
}

impl Row<'_> {
    fn txn(&self) -> Result<Txn> {
        Ok(Txn {
            app_id: self.text("appId")?,
            version: self.long("version")?,
            last_updated: self.long("lastUpdated").ok(),
        })
    }

    fn protocol(&self) -> Result<Protocol> {
        Ok(Protocol {
            min_reader_version: self.integer("minReaderVersion")?,
            min_writer_version: self.integer("minWriterVersion")?,
            reader_features: self.maybe_texts("readerFeatures"),
            writer_features: self.maybe_texts("writerFeatures"),
        })
    }

    fn meta_data(&self) -> Result<MetaData> {
        Ok(MetaData {
            id: self.text("id")?,
            name: self.maybe_text("name"),
            description: self.maybe_text("description"),
            format: json!({"provider": "parquet", "options": {}}),
            schema_string: self.text("schemaString")?,
            partition_columns: self.maybe_texts("partitionColumns").unwrap_or_default(),
            configuration: self
                .map("configuration")
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .collect(),
            created_time: self.long("createdTime").ok(),
        })
    }

    fn add(&self) -> Result<Add> {
        Ok(Add {
            path: self.text("path")?,
            partition_values: self.map("partitionValues"),
            size: self.long("size")?,
            modification_time: self.long("modificationTime")?,
            data_change: false,
            stats: self.maybe_text("stats"),
            deletion_vector: self
                .valid("deletionVector")
                .map(|_| json!("of a checkpoint")),
        })
    }

    fn remove(&self) -> Result<Remove> {
        Ok(Remove {
            path: self.text("path")?,
            deletion_timestamp: self.long("deletionTimestamp").ok(),
            data_change: false,
        })
    }

    /// The member of that name, if it is there and not null in this row.
    fn valid(&self, name: &str) -> Option<&dyn Array> {
        self.of
            .column_by_name(name)
            .filter(|c| c.is_valid(self.row))
            .map(|c| c.as_ref())
    }

    fn maybe_text(&self, name: &str) -> Option<String> {
        let column = self.valid(name)?.as_string_opt::<i32>()?;
        Some(column.value(self.row).to_owned())
    }

    fn text(&self, name: &str) -> Result<String> {
        self.maybe_text(name).ok_or_else(|| missing(name))
    }

    fn long(&self, name: &str) -> Result<i64> {
        self.valid(name)
            .and_then(|c| c.as_primitive_opt::<Int64Type>())
            .map(|c| c.value(self.row))
            .ok_or_else(|| missing(name))
    }

    fn integer(&self, name: &str) -> Result<i32> {
        self.valid(name)
            .and_then(|c| c.as_primitive_opt::<Int32Type>())
            .map(|c| c.value(self.row))
            .ok_or_else(|| missing(name))
    }

    fn maybe_texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.valid(name)?.as_list_opt::<i32>()?.value(self.row);
        let items = items.as_string_opt::<i32>()?;
        Some(items.iter().flatten().map(str::to_owned).collect())
    }

    fn map(&self, name: &str) -> BTreeMap<String, Option<String>> {
        let Some(map) = self.valid(name).and_then(|c| c.as_map_opt()) else {
            return BTreeMap::new();
        };
        let entries = map.value(self.row);
        let (Some(keys), Some(values)) = (
            entries.column(0).as_string_opt::<i32>(),
            entries.column(1).as_string_opt::<i32>(),
        ) else {
            return BTreeMap::new();
        };
        keys.iter()
            .zip(values.iter())
            .filter_map(|(key, value)| Some((key?.to_owned(), value.map(str::to_owned))))
            .collect()
    }
}

fn missing(name: &str) -> EngineError {
    EngineError::data(format!("an action has no {name}"))
}
