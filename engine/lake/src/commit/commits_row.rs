//! The row of a group in `system.commits`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use common::{DataFile, Result};

use super::commits_table::{
    commits_schema, count_fields, entry_fields, offset_fields, table_fields,
};
use super::intent::{Intent, StoredCount, TableIntent};

/// The row of a group. `files` are the new files of the tables, by name.
pub(super) fn commits_row(
    intent: &Intent,
    files: &[(Arc<str>, Vec<DataFile>)],
) -> Result<RecordBatch> {
    let long = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let committed_at = TimestampMicrosecondArray::from(vec![intent.committed_at_us]);
    let columns = vec![
        long(intent.group),
        long(intent.epoch),
        text(&intent.writer),
        text(intent.kind.as_str()),
        Arc::new(committed_at.with_timezone("UTC")) as ArrayRef,
        long(intent.applied_through),
        tables(intent, files)?,
        offsets(intent)?,
        counts(&intent.counts)?,
        text(&intent.configuration_hash),
        text(&intent.key_version),
        last_entries(intent)?,
    ];
    Ok(RecordBatch::try_new(commits_schema(), columns)?)
}

fn tables(intent: &Intent, files: &[(Arc<str>, Vec<DataFile>)]) -> Result<ArrayRef> {
    let of = |name: &str| {
        files
            .iter()
            .find(|(table, _)| &**table == name)
            .map_or(&[] as &[DataFile], |(_, files)| files.as_slice())
    };
    let longs = |f: &dyn Fn(&TableIntent) -> i64| {
        Arc::new(Int64Array::from_iter_values(intent.tables.iter().map(f))) as ArrayRef
    };
    one_list(
        table_fields(),
        vec![
            texts(intent.tables.iter().map(|t| t.name.as_str())),
            longs(&|t| t.version),
            longs(&|t| of(&t.name).len() as i64),
            longs(&|t| of(&t.name).iter().map(|file| file.rows).sum()),
        ],
    )
}

fn offsets(intent: &Intent) -> Result<ArrayRef> {
    let all = &intent.offsets;
    let topic_id = |topic: &str, incarnation: i32| {
        intent
            .incarnations
            .iter()
            .find(|known| known.topic == topic && known.incarnation == incarnation)
            .map(|known| known.topic_id.as_str())
    };
    one_list(
        offset_fields(),
        vec![
            texts(all.iter().map(|o| o.pipeline.as_str())),
            texts(all.iter().map(|o| o.topic.as_str())),
            integers(all.iter().map(|o| o.incarnation)),
            integers(all.iter().map(|o| o.partition)),
            Arc::new(StringArray::from_iter(
                all.iter().map(|o| topic_id(&o.topic, o.incarnation)),
            )),
            Arc::new(Int64Array::from_iter_values(
                all.iter().map(|o| o.next_offset),
            )),
        ],
    )
}

fn counts(all: &[StoredCount]) -> Result<ArrayRef> {
    let longs = |f: fn(&StoredCount) -> i64| {
        Arc::new(Int64Array::from_iter_values(all.iter().map(f))) as ArrayRef
    };
    one_list(
        count_fields(),
        vec![
            texts(all.iter().map(|c| c.source.as_str())),
            texts(all.iter().map(|c| c.pipeline.as_str())),
            texts(all.iter().map(|c| c.topic.as_str())),
            integers(all.iter().map(|c| c.incarnation)),
            integers(all.iter().map(|c| c.partition)),
            longs(|c| c.records),
            longs(|c| c.opened),
            longs(|c| c.elements),
            longs(|c| c.events),
            longs(|c| c.dead_letters),
            longs(|c| c.filtered),
        ],
    )
}

fn last_entries(intent: &Intent) -> Result<ArrayRef> {
    let all = &intent.last_entries;
    one_list(
        entry_fields(),
        vec![
            texts(all.keys().map(String::as_str)),
            Arc::new(Int64Array::from_iter_values(all.values().copied())),
        ],
    )
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn integers(values: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

/// A list column of one row, whose list holds all structs of these columns.
fn one_list(fields: Fields, columns: Vec<ArrayRef>) -> Result<ArrayRef> {
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    let item = Arc::new(Field::new("element", DataType::Struct(fields), false));
    let lengths = OffsetBuffer::from_lengths([arrow::array::Array::len(&structs)]);
    Ok(Arc::new(ListArray::try_new(
        item,
        lengths,
        Arc::new(structs),
        None,
    )?))
}
