//! Records of librdkafka's buffers become Arrow columns, each byte copied once.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, BinaryArray, BinaryBuilder, Int32Array, Int64Array, ListArray,
    NullBufferBuilder, RecordBatch, StringArray, StringBuilder, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use common::{Result, header_fields, headers_type, source_schema};

use super::native::Record;

/// The last millisecond of the year 9999: calendars and clients go no further.
const RECEIVED_MS_MAX: i64 = 253_402_300_799_999;

/// Builds one micro-batch after the other, each in as much room as the one before it took.
pub(crate) struct BatchBuilder {
    key: BinaryBuilder,
    value: BinaryBuilder,
    headers: Option<HeadersColumn>,
    partition: Vec<i32>,
    offset: Vec<i64>,
    received: Vec<i64>,
    untimed: usize,
    topic: Arc<str>,
    /// Columns that are the same in every row, as long as the longest micro-batch so far.
    topic_column: StringArray,
    no_headers: ArrayRef,
}

/// What belongs to a micro-batch beside its columns.
pub(crate) struct Built {
    pub(crate) records: RecordBatch,
    /// Records without a Kafka timestamp.
    pub(crate) untimed: usize,
}

impl BatchBuilder {
    pub(crate) fn new(topic: &str, with_headers: bool) -> Self {
        Self {
            key: BinaryBuilder::new(),
            value: BinaryBuilder::new(),
            headers: with_headers.then(HeadersColumn::new),
            partition: Vec::new(),
            offset: Vec::new(),
            received: Vec::new(),
            untimed: 0,
            topic: topic.into(),
            topic_column: StringArray::from(Vec::<&str>::new()),
            no_headers: new_null_array(&headers_type(), 0),
        }
    }

    /// Adds a record. The records of a micro-batch have no more bytes than
    /// [`BATCH_BYTES_MAX`](super::topic_reader::BATCH_BYTES_MAX), which the offsets below can hold.
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        self.key.append_option(record.key());
        self.value.append_option(record.value());
        if let Some(headers) = &mut self.headers {
            headers.push(record, self.offset.len());
        }
        self.partition.push(record.partition());
        self.offset.push(record.offset());
        let timestamp = record.timestamp_ms();
        self.untimed += usize::from(timestamp.is_none());
        self.received.push(received(timestamp));
    }

    /// The micro-batch of what was pushed. The next one is begun with as much room.
    pub(crate) fn finish(&mut self) -> Result<Built> {
        let rows = self.offset.len();
        self.lengthen_constants(rows);
        let headers = match &mut self.headers {
            Some(headers) => headers.finish(rows)?,
            None => None,
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(renew_bytes(&mut self.key)),
            Arc::new(renew_bytes(&mut self.value)),
            headers.unwrap_or_else(|| self.no_headers.slice(0, rows)),
            Arc::new(self.topic_column.slice(0, rows)),
            Arc::new(Int32Array::from(renew(&mut self.partition))),
            Arc::new(Int64Array::from(renew(&mut self.offset))),
            Arc::new(
                TimestampMicrosecondArray::from(renew(&mut self.received)).with_timezone("UTC"),
            ),
        ];
        Ok(Built {
            records: RecordBatch::try_new(source_schema(), columns)?,
            untimed: std::mem::take(&mut self.untimed),
        })
    }

    fn lengthen_constants(&mut self, rows: usize) {
        if self.topic_column.len() < rows {
            let rows = rows.next_power_of_two();
            let topics = std::iter::repeat_n(&*self.topic, rows);
            self.topic_column = StringArray::from_iter_values(topics);
            self.no_headers = new_null_array(&headers_type(), rows);
        }
    }
}

/// The Kafka timestamp as stored: microseconds, and 0 where there is none.
pub(super) fn received(timestamp_ms: Option<i64>) -> i64 {
    timestamp_ms.unwrap_or(0).clamp(0, RECEIVED_MS_MAX) * 1000
}

/// Takes a full vector, without room that it doesn't use, and leaves an empty one of its length.
fn renew<T>(full: &mut Vec<T>) -> Vec<T> {
    let empty = Vec::with_capacity(full.len());
    let mut taken = std::mem::replace(full, empty);
    if taken.len() < taken.capacity() / 2 {
        taken.shrink_to_fit();
    }
    taken
}

/// The same for a column of bytes: a small micro-batch must not hold a large buffer.
fn renew_bytes(full: &mut BinaryBuilder) -> BinaryArray {
    let empty = BinaryBuilder::with_capacity(full.len(), full.values_slice().len());
    let mut taken = std::mem::replace(full, empty).finish();
    let buffers = [taken.values(), taken.offsets().inner().inner()];
    if buffers.iter().any(|b| b.len() < b.capacity() / 2) {
        taken.shrink_to_fit();
    }
    taken
}

/// The headers of the records that have some; built only if one has.
struct HeadersColumn {
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
    keys: StringBuilder,
    values: BinaryBuilder,
    any: bool,
}

impl HeadersColumn {
    fn new() -> Self {
        Self {
            lengths: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            keys: StringBuilder::new(),
            values: BinaryBuilder::new(),
            any: false,
        }
    }

    /// `row` is the number of records before this one.
    fn push(&mut self, record: &Record<'_>, row: usize) {
        let (keys, values) = (&mut self.keys, &mut self.values);
        let mut length = 0;
        let has_headers = record.for_each_header(|key, value| {
            keys.append_value(key);
            values.append_option(value);
            length += 1;
        });
        if has_headers && !self.any {
            self.any = true;
            self.lengths.resize(row, 0);
            self.nulls.append_n_nulls(row);
        }
        if self.any {
            self.lengths.push(length);
            self.nulls.append(has_headers);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<Option<ArrayRef>> {
        if !std::mem::take(&mut self.any) {
            return Ok(None);
        }
        debug_assert_eq!(self.lengths.len(), rows);
        let entries = StructArray::try_new(
            header_fields(),
            vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())],
            None,
        )?;
        let field = Arc::new(Field::new_list_field(
            arrow::datatypes::DataType::Struct(header_fields()),
            true,
        ));
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        let list = ListArray::try_new(field, offsets, Arc::new(entries), self.nulls.finish())?;
        Ok(Some(Arc::new(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_a_timestamp_is_of_1970_and_years_end_at_9999() {
        assert_eq!(received(None), 0);
        assert_eq!(received(Some(-5)), 0);
        assert_eq!(received(Some(1_700_000_000_123)), 1_700_000_000_123_000);
        assert_eq!(received(Some(i64::MAX)), RECEIVED_MS_MAX * 1000);
    }

    #[test]
    fn a_small_batch_after_a_large_one_holds_a_small_buffer() {
        let mut column = BinaryBuilder::new();
        for _ in 0..1000 {
            column.append_value([7; 64]);
        }
        let large = renew_bytes(&mut column);
        column.append_value(b"small");
        column.append_null();
        let small = renew_bytes(&mut column);
        assert_eq!(large.values().len(), 64_000);
        assert!(small.values().capacity() < 1024);
    }
}
