//! The flows without Kafka: micro-batches by hand, extracted, posted, published, committed.

mod entry_reads;
mod extraction;
mod fixture;
mod properties;
mod publishing;
