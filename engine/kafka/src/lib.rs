//! Kafka as the engine's log: topics become Arrow micro-batches with exact ranges of offsets.
//!
//! One [`SourceReader`] a topic, on a thread of its own, assigns every partition to itself (no
//! consumer group decides anything) and turns what librdkafka has fetched into [`SourceBatch`]es.
//! A [`KeyedReader`] reads a compacted topic from its beginning and follows it. Both stand on one
//! topic reader, which finds the topic, waits while brokers are away or the topic does not exist,
//! takes on new partitions and keeps account of offsets.
//!
//! What holds here:
//! - The next offset of a partition is the consumer's: everything below it was delivered, or does
//!   not exist for a reader of committed records. Ranges join: a range begins where the last one
//!   of its partition ended, whatever transactions and compaction left out between.
//!   `offset_account` tells how.
//! - Offsets come from Headwater's own commits only; those kept in Kafka are written for lag tools
//!   and never read.
//! - Nothing is skipped silently: offsets that Kafka no longer has, a topic that was made again, a
//!   partition that became shorter are errors of [`Kind::Data`](common::Kind::Data).
//! - `unsafe` is in `native` alone.
//!
//! In reading order: [`settings`], [`topic_id`], [`state`], `offset_account`,
//! [`source_batch`], [`source_reader`], [`keyed_reader`], [`bare`].

pub mod bare;
mod batch_builder;
pub mod keyed_reader;
mod native;
mod offset_account;
mod own_properties;
mod partition_lag;
mod property_check;
mod reader_settings;
pub mod settings;
pub mod source_batch;
mod source_handle;
pub mod source_reader;
pub mod state;
mod topic_finder;
pub mod topic_id;
mod topic_reader;
mod topic_status;

#[cfg(test)]
mod tests;

pub use bare::BareConsumer;
pub use keyed_reader::KeyedReader;
pub use partition_lag::PartitionLag;
pub use reader_settings::ReaderSettings;
pub use settings::KafkaSettings;
pub use source_batch::{PartitionRange, SourceBatch};
pub use source_handle::{SourceCounters, SourceHandle};
pub use source_reader::SourceReader;
pub use state::SourceState;
pub use topic_id::{Incarnations, Start, TopicId};
