//! The bare consumer: what Kafka alone takes, with Headwater's own settings and calls.

use std::time::{Duration, Instant};

use engine::settings::Settings;
use kafka::BareConsumer;

use crate::drained::Drained;
use crate::figures::Outcome;
use crate::processor::Mark;

/// The longest time without any progress.
pub const STALL_LIMIT: Duration = Duration::from_secs(60);

/// Drains a topic of so many records. What comes before the first batch, starting that is, is not
/// counted.
pub fn drain(settings: &Settings, topic: &str, records: u64) -> Outcome<Drained> {
    let mut consumer = BareConsumer::open(&settings.kafka, topic, settings.ingest.reader())?;
    let mut first: Option<Mark> = None;
    let (mut skipped, mut read, mut bytes) = (0, 0, 0);
    let mut moved = Instant::now();
    while skipped + read < records {
        let (got_records, got_bytes) = consumer.read()?;
        if got_records > 0 {
            moved = Instant::now();
            if first.is_none() {
                first = Some(Mark::now());
                skipped = got_records as u64;
            } else {
                read += got_records as u64;
                bytes += got_bytes;
            }
        } else if moved.elapsed() > STALL_LIMIT {
            return Err(format!(
                "{read} of {records} records, then nothing: {}",
                consumer.handle().state()
            )
            .into());
        }
    }
    let end = Mark::now();
    let first = first.ok_or("the topic is empty")?;
    Ok(Drained {
        records: read,
        bytes: bytes as f64,
        spent: end.since(&first),
    })
}
