//! One source's way from Kafka into the published state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::clock::now_us;
use common::{EngineError, Result, TopicPartition};
use crossbeam_channel::{Receiver, Sender, bounded};
use dimensions::Dimensions;
use kafka::{PartitionLag, SourceBatch, SourceCounters, SourceReader};
use state::{PartitionProgress, SourceProgress};
use tokio::runtime::Handle;

use super::extraction::{Extracted, Extraction};
use super::publishing::publish_one;
use super::shared::Shared;

/// Micro-batches that may wait between two stages.
const QUEUE_BATCHES_MAX: usize = 2;
/// How long a reader that found memory full waits before it looks again, if no commit wakes it.
const PRESSURE_WAIT: Duration = Duration::from_millis(100);
/// How long a reader stands still before that is said: a burst is over sooner.
const STANDSTILL_MIN: Duration = Duration::from_secs(1);

/// A source's flow before it starts.
pub struct SourceFlow {
    /// The source's name.
    pub source: Arc<str>,
    /// Its reader.
    pub reader: SourceReader,
    /// One extraction a thread, each with plans of its own.
    pub extractions: Vec<Extraction>,
    /// The dimensions that pipelines join.
    pub dimensions: Arc<dyn Dimensions>,
    /// How late a record may come, in microseconds.
    pub lateness_us: i64,
}

/// A micro-batch between stages, with how far the reader has come with it.
struct Item<T> {
    content: T,
    topic: Arc<str>,
    topic_id: Arc<str>,
    incarnation: i32,
    lags: Vec<PartitionLag>,
    counters: SourceCounters,
    state: Arc<str>,
    /// When the reader was last in touch with Kafka, in microseconds since the epoch.
    seen_at_us: i64,
}

impl SourceFlow {
    /// Starts the threads. The handle's result is why the flow ended: Ok after a stop.
    pub fn start(self, shared: Arc<Shared>) -> Result<JoinHandle<Result<()>>> {
        // Ends this source alone; `shared.stop` ends all.
        let ended = Arc::new(AtomicBool::new(false));
        let mut stages = Vec::new();
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        for (n, extraction) in self.extractions.into_iter().enumerate() {
            let (to, from) = bounded::<Item<Option<SourceBatch>>>(QUEUE_BATCHES_MAX);
            let (out, extracted) = bounded::<Result<Item<Extracted>>>(QUEUE_BATCHES_MAX);
            inputs.push(to);
            outputs.push(extracted);
            let dimensions = self.dimensions.clone();
            let runtime = shared.runtime.clone();
            stages.push(spawn(format!("extract-{}-{n}", self.source), move || {
                extract(&extraction, dimensions.as_ref(), &runtime, &from, &out);
                Ok(())
            })?);
        }
        let reading = shared.clone();
        let publisher_ended = ended.clone();
        let (source, reader) = (self.source.clone(), self.reader);
        shared.sources.lock().push(reader.handle());
        stages.push(spawn(format!("read-{}", self.source), move || {
            read(&source, reader, &reading, &publisher_ended, &inputs)
        })?);
        let source = self.source.clone();
        let lateness_us = self.lateness_us;
        spawn(format!("publish-{source}"), move || {
            let published = publish(&source, lateness_us, &shared, &outputs);
            ended.store(true, Ordering::Release);
            drop(outputs);
            let mut outcome = published;
            for stage in stages {
                let ended = stage
                    .join()
                    .unwrap_or_else(|_| Err(EngineError::internal("a stage of the flow panicked")));
                outcome = outcome.and(ended);
            }
            outcome
        })
    }
}

fn spawn(
    name: String,
    work: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<JoinHandle<Result<()>>> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map_err(|e| EngineError::internal("cannot start a thread").caused_by(e))
}

/// Polls the reader and hands each micro-batch to the extractors in turn, until all sources or this
/// one are told to stop.
fn read(
    source: &Arc<str>,
    mut reader: SourceReader,
    shared: &Shared,
    ended: &AtomicBool,
    extractors: &[Sender<Item<Option<SourceBatch>>>],
) -> Result<()> {
    let handle = reader.handle();
    let mut turn = 0;
    let mut seen_at_us = now_us();
    while !shared.stop.load(Ordering::Acquire)
        && !ended.load(Ordering::Acquire)
        && !handle.is_stopped()
    {
        wait_for_memory(source, shared);
        let content = reader.poll()?;
        // Before the lags are taken: what is read to an end that is known is read up to this
        // instant, but only if the reader would have heard of more.
        if handle.is_in_touch() {
            seen_at_us = now_us();
        }
        let (topic_id, incarnation) = handle
            .identity()
            .map_or(("".into(), 0), |(id, n)| (id.as_str().into(), n));
        let item = Item {
            content,
            topic: handle.topic().clone(),
            topic_id,
            incarnation,
            lags: handle.lag(),
            counters: handle.counters(),
            state: handle.state().to_string().into(),
            seen_at_us,
        };
        if extractors[turn].send(item).is_err() {
            return Ok(());
        }
        turn = (turn + 1) % extractors.len();
    }
    Ok(())
}

/// The reader slows down instead of memory growing. That it stands still is said.
fn wait_for_memory(source: &Arc<str>, shared: &Shared) {
    let began = Instant::now();
    let mut is_said = false;
    loop {
        let tail_bytes = shared.publisher.current().tail_bytes;
        if tail_bytes <= shared.memory_bytes_max || shared.stop.load(Ordering::Acquire) {
            return;
        }
        shared.runtime.block_on(async {
            let _ = tokio::time::timeout(PRESSURE_WAIT, shared.committed.notified()).await;
        });
        if !is_said && began.elapsed() >= STANDSTILL_MIN {
            let megabytes = tail_bytes / 1_000_000;
            let state = format!(
                "waiting for the storage: {megabytes} MB are not committed, and \
                 ingest.memory_bytes_max is reached; the log says what keeps a commit from ending"
            );
            shared.publisher.note_source_state(source, &state, now_us());
            is_said = true;
        }
    }
}

fn extract(
    extraction: &Extraction,
    dimensions: &dyn Dimensions,
    runtime: &Handle,
    from: &Receiver<Item<Option<SourceBatch>>>,
    out: &Sender<Result<Item<Extracted>>>,
) {
    for item in from {
        let extracted = match &item.content {
            Some(batch) => runtime.block_on(extraction.run(batch, dimensions)),
            None => Ok(Extracted::default()),
        };
        let item = extracted.map(|content| Item {
            content,
            topic: item.topic,
            topic_id: item.topic_id,
            incarnation: item.incarnation,
            lags: item.lags,
            counters: item.counters,
            state: item.state,
            seen_at_us: item.seen_at_us,
        });
        let failed = item.is_err();
        if out.send(item).is_err() || failed {
            return;
        }
    }
}

/// Takes extracted micro-batches in the order of reading, posts them to the ledgers, publishes.
fn publish(
    source: &Arc<str>,
    lateness_us: i64,
    shared: &Shared,
    extractors: &[Receiver<Result<Item<Extracted>>>],
) -> Result<()> {
    let mut received_max: BTreeMap<i32, i64> = BTreeMap::new();
    let mut turn = 0;
    while let Ok(item) = extractors[turn].recv() {
        turn = (turn + 1) % extractors.len();
        let item = item?;
        for (partition, received_us) in &item.content.received_max_us {
            let latest = received_max.entry(*partition).or_insert(*received_us);
            *latest = (*latest).max(*received_us);
        }
        let progress = progress(source, lateness_us, &item, &received_max);
        if item.content.offsets.is_empty() {
            shared.publisher.note_progress(progress, now_us());
            continue;
        }
        if !publish_one(shared, item.content, progress)? {
            return Ok(());
        }
        shared.published.notify_one();
    }
    Ok(())
}

fn progress<T>(
    source: &Arc<str>,
    lateness_us: i64,
    item: &Item<T>,
    received_max: &BTreeMap<i32, i64>,
) -> SourceProgress {
    let partitions = item
        .lags
        .iter()
        .map(|lag| PartitionProgress {
            at: TopicPartition {
                topic: item.topic.clone(),
                incarnation: item.incarnation,
                partition: lag.partition,
            },
            next_offset: lag.next_offset,
            end_at_start: lag.end_at_start,
            end_offset: lag.high_watermark,
            received_max_us: received_max.get(&lag.partition).copied(),
        })
        .collect();
    SourceProgress {
        source: source.clone(),
        topic_id: item.topic_id.clone(),
        state: item.state.clone(),
        partitions,
        seen_at_us: item.seen_at_us,
        lateness_us,
        gap_count: i64::try_from(item.counters.gaps).unwrap_or(i64::MAX),
        stale_count: i64::try_from(item.counters.stale).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_up_to_when_its_reader_was_in_touch_not_to_when_it_was_published() {
        let item = Item {
            content: (),
            topic: "logs".into(),
            topic_id: "id".into(),
            incarnation: 0,
            lags: vec![PartitionLag {
                partition: 0,
                next_offset: 9,
                high_watermark: 9,
                end_at_start: 5,
            }],
            counters: SourceCounters { gaps: 2, stale: 1 },
            state: "broker away".into(),
            seen_at_us: 1_000,
        };
        let progress = progress(&"mobile".into(), 10, &item, &BTreeMap::new());
        assert_eq!(progress.as_of_us(), Some(1_000));
        assert_eq!(progress.watermark_us(), Some(990));
        assert_eq!((progress.gap_count, progress.stale_count), (2, 1));
    }
}
