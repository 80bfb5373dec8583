//! Section `ingest`: how micro-batches and commit groups are cut, and what they may take.

use std::time::Duration;

use kafka::ReaderSettings;

use super::reader::Reader;

/// How micro-batches and commit groups are cut, and what they may take.
#[derive(Debug, Clone)]
pub struct IngestSettings {
    /// `ingest.threads`
    pub threads: usize,
    /// `ingest.memory_bytes_max`
    pub memory_bytes_max: usize,
    /// `ingest.index_bytes_max`
    pub index_bytes_max: usize,
    /// `ingest.micro_batch_ms`
    pub micro_batch: Duration,
    /// `ingest.micro_batch_records`
    pub micro_batch_records: usize,
    /// `ingest.micro_batch_bytes`
    pub micro_batch_bytes: usize,
    /// `ingest.commit_interval_ms`
    pub commit_interval: Duration,
    /// `ingest.commit_bytes`
    pub commit_bytes: usize,
    /// `fault.drop_row`: a row to lose between reading and publishing.
    pub drop_row: Option<String>,
}

impl IngestSettings {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            threads: from.size(
                "ingest.threads",
                1..=64,
                2,
                "Threads that micro-batches are decrypted and parsed on.",
            ),
            memory_bytes_max: from.size(
                "ingest.memory_bytes_max",
                64 << 20..=1 << 40,
                2 << 30,
                "Bytes that may wait in memory for their commit group; above it, reading pauses.",
            ),
            index_bytes_max: from.size(
                "ingest.index_bytes_max",
                64 << 10..=1 << 40,
                8 << 30,
                "Bytes that the first-seen index may take; above it, ingestion stops with an error.",
            ),
            micro_batch: from.ms(
                "ingest.micro_batch_ms",
                1..=10_000,
                50,
                "How long a micro-batch is collected at the most.",
            ),
            micro_batch_records: from.size(
                "ingest.micro_batch_records",
                1..=65_536,
                16_384,
                "Records in a micro-batch at the most.",
            ),
            micro_batch_bytes: from.size(
                "ingest.micro_batch_bytes",
                1 << 10..=1 << 30,
                16 << 20,
                "Bytes of keys and values in a micro-batch at the most.",
            ),
            commit_interval: from.ms(
                "ingest.commit_interval_ms",
                100..=3_600_000,
                10_000,
                "The longest time between two commit groups while there is something to commit.",
            ),
            commit_bytes: from.size(
                "ingest.commit_bytes",
                1 << 20..=1 << 40,
                256 << 20,
                "Bytes in memory that start a commit group before its time.",
            ),
            drop_row: from.hidden("fault.drop_row"),
        }
    }

    /// What a topic's reader is told.
    pub fn reader(&self) -> ReaderSettings {
        ReaderSettings {
            batch_rows_max: self.micro_batch_records,
            batch_bytes_max: self.micro_batch_bytes,
            batch_time_max: self.micro_batch,
            ..ReaderSettings::default()
        }
    }
}
