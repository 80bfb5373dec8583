//! Batches cut into Flight messages of bounded size.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use arrow_flight::FlightData;

/// The size that messages aim at.
const TARGET_BYTES: usize = 1 << 20;

/// The size above which a message is cut again, if it has more than a row: gRPC clients refuse
/// messages above 4 MiB unless told otherwise, and the frame around the data needs some room.
const LIMIT_BYTES: usize = (4 << 20) - (64 << 10);

/// Encodes the batches of one stream.
pub(crate) struct Encoder {
    generator: IpcDataGenerator,
    options: IpcWriteOptions,
    dictionaries: DictionaryTracker,
    context: IpcWriteContext,
    /// What a row took in the messages so far: the guess for the next.
    row_bytes: Option<usize>,
}

impl Encoder {
    /// An encoder, and the message with the schema that begins its stream.
    pub(crate) fn new(schema: &Schema) -> (Self, FlightData) {
        let generator = IpcDataGenerator::default();
        let options = IpcWriteOptions::default();
        let mut dictionaries = DictionaryTracker::new(false);
        let message =
            generator.schema_to_bytes_with_dictionary_tracker(schema, &mut dictionaries, &options);
        let encoder = Self {
            generator,
            options,
            dictionaries,
            context: IpcWriteContext::default(),
            row_bytes: None,
        };
        (encoder, message.into())
    }

    /// The messages of a batch; none if it has no rows.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<FlightData>, ArrowError> {
        let mut messages = Vec::new();
        let mut offset = 0;
        while offset < batch.num_rows() {
            let left = batch.num_rows() - offset;
            let mut rows = self.rows_of_message(batch, left);
            loop {
                let (dictionaries, data) = self.encode_whole(&batch.slice(offset, rows))?;
                messages.extend(dictionaries.into_iter().map(FlightData::from));
                let bytes = data.ipc_message.len() + data.arrow_data.len();
                self.row_bytes = Some(bytes.div_ceil(rows));
                if bytes <= LIMIT_BYTES || rows == 1 {
                    messages.push(data.into());
                    break;
                }
                rows = rows.div_ceil(2).min((TARGET_BYTES * rows / bytes).max(1));
            }
            offset += rows;
        }
        Ok(messages)
    }

    fn rows_of_message(&self, batch: &RecordBatch, left: usize) -> usize {
        // Before anything is known: the memory of the whole batch, which is more than its slice
        // needs where its buffers are shared.
        let row_bytes = self
            .row_bytes
            .unwrap_or_else(|| batch.get_array_memory_size() / batch.num_rows());
        let rows = TARGET_BYTES / row_bytes.max(1);
        // A rest of a few rows isn't worth a message.
        if left <= rows + rows / 4 {
            left
        } else {
            rows.clamp(1, left)
        }
    }

    fn encode_whole(
        &mut self,
        batch: &RecordBatch,
    ) -> Result<(Vec<EncodedData>, EncodedData), ArrowError> {
        self.generator.encode(
            batch,
            &mut self.dictionaries,
            &self.options,
            &mut self.context,
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    fn sizes(lengths: &[usize]) -> Vec<usize> {
        let values: StringArray = lengths.iter().map(|n| Some("x".repeat(*n))).collect();
        let batch = RecordBatch::try_from_iter([("v", Arc::new(values) as ArrayRef)]).unwrap();
        let (mut encoder, _) = Encoder::new(&batch.schema());
        encoder
            .encode(&batch)
            .unwrap()
            .iter()
            .map(|m| m.data_header.len() + m.data_body.len())
            .collect()
    }

    #[test]
    fn messages_stay_below_what_clients_take() {
        let even = sizes(&[1_000; 20_000]);
        assert!(even.len() < 25, "{even:?}");
        assert!(
            even.iter().all(|n| *n <= TARGET_BYTES * 5 / 4 + 4_096),
            "{even:?}"
        );
        let mut skewed = vec![10; 5_000];
        skewed.extend([100_000; 500]);
        assert!(sizes(&skewed).iter().all(|n| *n <= LIMIT_BYTES));
    }

    #[test]
    fn a_row_above_the_limit_goes_alone() {
        let n = sizes(&[10, 6 << 20, 10]);
        assert_eq!(n.iter().filter(|n| **n > LIMIT_BYTES).count(), 1);
        assert!(n.len() >= 2);
    }

    #[test]
    fn no_rows_make_no_message() {
        assert!(sizes(&[]).is_empty());
    }
}
