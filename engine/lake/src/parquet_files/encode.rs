//! A file's bytes: how its columns are encoded and compressed.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::DataType;
use common::{ColumnRange, Result, TableDef, TableKind};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::chunks::Chunks;
use super::gather::gathered;
use super::ranges::{TEXT_BYTES_MIN, ranges};
use super::split::RowAt;

const ROW_GROUP_ROWS: usize = 256 * 1024;
/// What a row group of large values takes; it is in memory until it is whole.
const ROW_GROUP_BYTES: usize = 64 << 20;
const DATA_PAGE_BYTES: usize = 1 << 20;

/// Rows that are looked at to see whether a column's values repeat.
const SAMPLE_ROWS: usize = 1024;

/// One file in memory.
#[derive(Debug)]
pub(super) struct Encoded {
    /// The file.
    pub(super) bytes: Chunks,
    /// Statistics for the log.
    pub(super) ranges: BTreeMap<String, ColumnRange>,
}

/// Encodes some rows, not none, as one file, in their order.
pub(super) fn encode(table: &TableDef, stored: &[RecordBatch], rows: &[RowAt]) -> Result<Encoded> {
    let batches: Vec<_> = stored.iter().collect();
    let sample = interleave_record_batch(&batches, &rows[..rows.len().min(SAMPLE_ROWS)])?;
    let mut bytes = Chunks::default();
    let mut writer = ArrowWriter::try_new(
        &mut bytes,
        sample.schema(),
        Some(properties(table, &sample)?),
    )?;
    for part in gathered(stored, rows) {
        writer.write(&part?)?;
    }
    let footer = writer.close()?;
    Ok(Encoded {
        bytes,
        ranges: ranges(&sample.schema(), &footer),
    })
}

fn properties(table: &TableDef, batch: &RecordBatch) -> Result<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_data_page_size_limit(DATA_PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(TEXT_BYTES_MIN))
        .set_column_index_truncate_length(Some(TEXT_BYTES_MIN))
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
