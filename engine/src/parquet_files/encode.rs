//! A file's bytes: how its columns are encoded and compressed.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::error::Result;
use crate::values::{TableDef, TableKind};

const ROW_GROUP_ROWS: usize = 256 * 1024;
const DATA_PAGE_BYTES: usize = 1 << 20;
const STATISTICS_BYTES_MAX: usize = 64;

/// Rows that are looked at to see whether a column's values repeat.
const SAMPLE_ROWS: usize = 1024;

/// Encodes one file.
pub(super) fn encode(table: &TableDef, batch: &RecordBatch) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties(table, batch)?))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(Bytes::from(bytes))
}

fn properties(table: &TableDef, batch: &RecordBatch) -> Result<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_size_limit(DATA_PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES_MAX))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES_MAX))
        .set_created_by(concat!("headwater ", env!("CARGO_PKG_VERSION")).to_owned());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let path = ColumnPath::from(field.name().as_str());
        builder = match column.data_type() {
            DataType::Binary => binary(builder, path, raw_column(table, field.name())),
            DataType::Utf8 if !repeats(column) => {
                builder.set_column_dictionary_enabled(path, false)
            }
            DataType::Timestamp(..) => numbers(builder, path.clone(), column)
                .set_column_statistics_enabled(path, EnabledStatistics::Page),
            DataType::Int64 => numbers(builder, path, column),
            DataType::Struct(_) if field.name() == "position" => {
                let offset = ColumnPath::from(vec![field.name().clone(), "offset".to_owned()]);
                delta_packed(builder, offset)
            }
            _ => builder,
        };
    }
    Ok(builder.build())
}

/// Whether a column holds ciphertext as it was received, which no compression makes smaller.
fn raw_column(table: &TableDef, column: &str) -> bool {
    matches!(table.kind, TableKind::Archive | TableKind::DeadLetters)
        && matches!(column, "key" | "value")
}

fn binary(
    builder: WriterPropertiesBuilder,
    path: ColumnPath,
    raw: bool,
) -> WriterPropertiesBuilder {
    let builder = builder
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
    if raw {
        builder.set_column_compression(path, Compression::UNCOMPRESSED)
    } else {
        builder
    }
}

fn numbers(
    builder: WriterPropertiesBuilder,
    path: ColumnPath,
    column: &dyn Array,
) -> WriterPropertiesBuilder {
    if repeats(column) {
        builder
    } else {
        delta_packed(builder, path)
    }
}

fn delta_packed(builder: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
}

/// Whether at most half of a column's first values are distinct, so that a dictionary pays.
fn repeats(column: &dyn Array) -> bool {
    let rows = column.len().min(SAMPLE_ROWS);
    let distinct = match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            (0..rows)
                .map(|row| texts.value(row))
                .collect::<HashSet<_>>()
                .len()
        }
        _ => match column.to_data().buffers().first() {
            Some(values) => {
                let values = values.typed_data::<i64>();
                let start = column.offset();
                values[start..start + rows]
                    .iter()
                    .collect::<HashSet<_>>()
                    .len()
            }
            None => 0,
        },
    };
    distinct * 2 <= rows
}
