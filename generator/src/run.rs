//! One run: a thread that sends the workload to Kafka and books what arrives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

use crate::books::{Books, Cut, Folder, TopicRun};
use crate::catalog::Catalog;
use crate::defect::{Defect, DefectCounts};
use crate::error::{Error, Result};
use crate::fact::RecordFacts;
use crate::kafka::cluster::{Cluster, config, refused};
use crate::kafka::deliveries::{Deliveries, Reports, lock};
use crate::kafka::pace::Pace;
use crate::options::{Length, Options};
use crate::source::Source;
use crate::workload::{Record, Seeding, Workload};

/// How long the end of a run waits for the broker to acknowledge the rest.
const FLUSH: Duration = Duration::from_secs(60);
/// How often the folder of the books learns how far the run has come.
const NOTE_EVERY: Duration = Duration::from_secs(2);

/// How far a run has come. Counts are of what the broker has acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records.
    pub records: u64,
    /// Events, those that are withheld included.
    pub events: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Records that the broker refused.
    pub undelivered: u64,
    /// Whether the run waits for its reader.
    pub paused: bool,
    /// Whether everything is sent and acknowledged.
    pub finished: bool,
}

/// What a run has done in the end.
#[derive(Clone, Debug)]
pub struct Report {
    /// The run's number in its books.
    pub run: u32,
    /// The topic.
    pub topic: String,
    /// The topic's id.
    pub topic_id: String,
    /// How far it came.
    pub progress: Progress,
    /// How often each kind of defect was made.
    pub defects: Vec<(Defect, u64)>,
    /// Handsets it made.
    pub devices: u64,
}

impl Report {
    /// The kinds of defects that never came up; a run that was long enough has none.
    pub fn missing_defects(&self) -> Vec<Defect> {
        self.defects
            .iter()
            .filter(|(_, count)| *count == 0)
            .map(|(defect, _)| *defect)
            .collect()
    }
}

/// What the run's thread and its owner share.
struct Shared {
    deliveries: Arc<Deliveries>,
    stop: Arc<AtomicBool>,
    paused: AtomicBool,
    finished: AtomicBool,
    devices: AtomicU64,
    defects: Mutex<DefectCounts>,
}

/// A run that goes on.
pub struct Generation {
    run: u32,
    topic: String,
    partitions: i32,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Generation {
    /// Waits for the broker, makes the topics, publishes the products, loads the books and starts
    /// sending. `stop` ends the wait as well as the run.
    pub fn start(options: Options, stop: Arc<AtomicBool>) -> Result<Self> {
        options.check()?;
        let cluster = Cluster::new(&options.brokers, &options.properties)?;
        cluster.wait(&stop, &mut |waiting| tracing::warn!("{waiting}"))?;
        let compacted = [("cleanup.policy", "compact")];
        cluster.ensure_topic(&options.products_topic, 1, &compacted)?;
        // Traces carry old timestamps, by which Kafka would delete them.
        let kept = [
            ("retention.ms", "-1"),
            ("message.timestamp.type", "CreateTime"),
        ];
        let partitions = cluster.ensure_topic(&options.topic, options.partitions, &kept)?;
        let topic_id = cluster.topic_id(&options.topic)?;

        let started = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut folder = options.books.as_deref().map(Folder::open).transpose()?;
        let (books, mut seeding) = match &folder {
            Some(folder) => {
                let books = if options.books_in_memory {
                    folder.load()?
                } else {
                    Books::new()
                };
                let (run, earlier) = (folder.next_run(), folder.handsets());
                (
                    books,
                    Seeding {
                        run,
                        earlier,
                        ..Seeding::new(options.seed)
                    },
                )
            }
            None => (Books::new(), Seeding::new(options.seed)),
        };
        if options.known_records_only {
            let known = books.end();
            let known = |partition| known.get(&topic_id, partition).unwrap_or(0);
            let unknown = cluster.unknown_records(&options.topic, partitions, known)?;
            refuse_unknown(&options.topic, unknown)?;
        }
        drop(cluster);
        seeding.withhold = options.withhold;
        let run = seeding.run;
        let topic = TopicRun {
            topic: options.topic.clone(),
            topic_id: topic_id.clone(),
        };
        let writer = folder
            .as_mut()
            .map(|folder| folder.begin(topic, options.seed, started, options.withhold))
            .transpose()?;
        let shared = Arc::new(Shared {
            deliveries: Arc::new(Deliveries {
                topic_id,
                books: Mutex::new(books),
                in_memory: options.books_in_memory,
                throttled: options.unread_bytes_max.is_some(),
                writer: Mutex::new(writer),
                ..Deliveries::default()
            }),
            stop,
            paused: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            devices: AtomicU64::new(0),
            defects: Mutex::default(),
        });
        let workload = Workload::new(options.profile.clone(), &options.keys, seeding, partitions);
        let producer = producer(&options, &shared)?;
        publish_products(&producer, &options, workload.catalog())?;
        let topic = options.topic.clone();
        let thread = {
            let shared = Arc::clone(&shared);
            let brokers = options.brokers.clone();
            std::thread::Builder::new()
                .name("generator".to_owned())
                .spawn(move || {
                    let sender = Sender {
                        options,
                        partitions,
                        producer,
                        shared,
                        folder,
                    };
                    sender.run(workload)
                })
                .map_err(|error| Error::Broker {
                    brokers,
                    what: error.to_string(),
                })?
        };
        Ok(Self {
            run,
            topic,
            partitions,
            shared,
            thread: Some(thread),
        })
    }

    /// The run's number in its books, from 1.
    pub fn run(&self) -> u32 {
        self.run
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic's id, as Kafka prints it.
    pub fn topic_id(&self) -> &str {
        &self.shared.deliveries.topic_id
    }

    /// The topic's partitions.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// The books of this run and all earlier ones. Delivery waits while they are held, and so does
    /// a second call: take them once in an expression.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.shared.deliveries.books)
    }

    /// How far the run has come.
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// How often each kind of defect was made so far.
    pub fn defects(&self) -> Vec<(Defect, u64)> {
        lock(&self.shared.defects).all()
    }

    /// Tells how far the topic was read, so that `unread_bytes_max` can hold.
    pub fn read_up_to(&self, cut: &Cut) {
        let mut backlog = lock(&self.shared.deliveries.backlog);
        for partition in 0..self.partitions {
            if let Some(next_offset) = cut.get(self.topic_id(), partition) {
                backlog.read_up_to(partition, next_offset);
            }
        }
    }

    /// Waits until every fact booked so far is in its file.
    pub fn flush_books(&self) -> Result<()> {
        lock(&self.shared.deliveries.writer)
            .as_ref()
            .map_or(Ok(()), |writer| writer.flush())
    }

    /// Asks the run to end; `finish` waits for it.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run has ended, by itself, by a stop or by an error.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end of the run, that is for its length, a stop or an error. The books stay
    /// usable.
    pub fn finish(&mut self) -> Result<Report> {
        if let Some(thread) = self.thread.take() {
            thread
                .join()
                .map_err(|_| Error::ThreadDied("generator"))??;
        }
        let undelivered = self.shared.deliveries.undelivered.load(Ordering::Relaxed);
        if undelivered > 0 {
            let first = lock(&self.shared.deliveries.first_error)
                .clone()
                .unwrap_or_default();
            return Err(Error::Undelivered {
                count: undelivered,
                first,
            });
        }
        Ok(Report {
            run: self.run,
            topic: self.topic.clone(),
            topic_id: self.topic_id().to_owned(),
            progress: self.progress(),
            defects: self.defects(),
            devices: self.shared.devices.load(Ordering::Relaxed),
        })
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // The result is lost by choice: whoever wants it calls `finish`.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn progress(&self) -> Progress {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            records: count(&self.deliveries.records),
            events: count(&self.deliveries.events),
            bytes: count(&self.deliveries.bytes),
            undelivered: count(&self.deliveries.undelivered),
            paused: self.paused.load(Ordering::Relaxed),
            finished: self.finished.load(Ordering::Relaxed),
        }
    }
}

struct Sender {
    options: Options,
    partitions: i32,
    producer: BaseProducer<Reports>,
    shared: Arc<Shared>,
    folder: Option<Folder>,
}

impl Sender {
    fn run(mut self, workload: Workload) -> Result<()> {
        let result = self.send_all(workload);
        let flushed = self.producer.flush(FLUSH).map_err(|source| {
            Error::kafka(
                &self.options.brokers,
                "cannot deliver the last records",
                source,
            )
        });
        let written = match lock(&self.shared.deliveries.writer).take() {
            Some(writer) => writer.finish(),
            None => Ok(()),
        };
        let all = result.and(flushed).and(written);
        let noted = self.note(all.is_ok());
        self.shared.finished.store(true, Ordering::Relaxed);
        all.and(noted)
    }

    fn send_all(&mut self, workload: Workload) -> Result<()> {
        let started = Instant::now();
        let (events_max, until) = match self.options.length {
            Length::Endless => (u64::MAX, None),
            Length::Events(events) => (events, None),
            Length::For(time) => (u64::MAX, started.checked_add(time)),
        };
        let mut source = Source::new(workload, self.options.trace, self.partitions, events_max);
        let mut pace = Pace::new(self.options.rate, started);
        let mut noted = started;
        while !self.is_over(until) {
            if self.must_pause() {
                self.rest(Duration::from_millis(2));
                continue;
            }
            let Some(record) = source.next(Utc::now().timestamp_millis()) else {
                break;
            };
            let events = record.facts.event_count().max(1);
            self.send(record)?;
            pace.sent(events, Instant::now());
            self.keep(&pace, until);
            if noted.elapsed() >= NOTE_EVERY {
                noted = Instant::now();
                self.share(&source);
                self.note(false)?;
            }
        }
        self.share(&source);
        Ok(())
    }

    fn is_over(&self, until: Option<Instant>) -> bool {
        self.shared.stop.load(Ordering::Relaxed) || until.is_some_and(|end| Instant::now() >= end)
    }

    /// Waits until the pace allows the next record. Waits below a millisecond are left to add up:
    /// librdkafka would spin through them.
    fn keep(&self, pace: &Pace, until: Option<Instant>) {
        let mut wait = pace.wait(Instant::now());
        self.rest(Duration::ZERO);
        while wait >= Duration::from_millis(1) && !self.is_over(until) {
            self.rest(wait.min(Duration::from_millis(20)));
            wait = pace.wait(Instant::now());
        }
    }

    /// Sleeps, then books what was delivered meanwhile.
    fn rest(&self, time: Duration) {
        if !time.is_zero() {
            std::thread::sleep(time);
        }
        self.producer.poll(Duration::ZERO);
    }

    fn must_pause(&self) -> bool {
        let Some(bytes_max) = self.options.unread_bytes_max else {
            return false;
        };
        let pause = lock(&self.shared.deliveries.backlog).unread_bytes_max() > bytes_max;
        self.shared.paused.store(pause, Ordering::Relaxed);
        pause
    }

    fn send(&self, record: Record) -> Result<()> {
        let bytes = record.bytes();
        self.shared.deliveries.sent(record.partition, bytes);
        let headers = (!record.headers.is_empty()).then(|| {
            record
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| {
                    headers.insert(Header {
                        key,
                        value: value.as_ref(),
                    })
                })
        });
        let mut message: BaseRecord<'_, [u8], [u8], Box<Option<Box<RecordFacts>>>> =
            BaseRecord::with_opaque_to(&self.options.topic, Box::new(Some(Box::new(record.facts))))
                .partition(record.partition)
                .timestamp(record.received_ms);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.headers = headers;
        loop {
            let Err((error, back)) = self.producer.send(message) else {
                return Ok(());
            };
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(Error::kafka(
                    &self.options.brokers,
                    "cannot send a record",
                    error,
                ));
            }
            if self.shared.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            message = back;
            self.producer.poll(Duration::from_millis(1));
        }
    }

    fn share(&self, source: &Source) {
        self.shared
            .devices
            .store(source.devices_made(), Ordering::Relaxed);
        lock(&self.shared.defects).clone_from(source.defects());
    }

    fn note(&mut self, ended: bool) -> Result<()> {
        let devices = self.shared.devices.load(Ordering::Relaxed);
        self.folder
            .as_mut()
            .map_or(Ok(()), |folder| folder.note(devices, ended))
    }
}

/// Refuses a topic with records that nothing is booked about.
fn refuse_unknown(topic: &str, unknown: i64) -> Result<()> {
    if unknown == 0 {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "topic {topic} holds {unknown} records that the books don't know, so that the books could \
         never agree; use the --data folder of the run that sent them, or --topic another (a run \
         that was killed may have sent records that it could no longer book)"
    )))
}

fn producer(options: &Options, shared: &Shared) -> Result<BaseProducer<Reports>> {
    let defaults: BTreeMap<String, String> = [
        ("acks", "all"),
        // A retried batch must not become two: the books know each offset.
        ("enable.idempotence", "true"),
        ("compression.type", "none"),
        ("batch.size", "1000000"),
        ("queue.buffering.max.messages", "200000"),
        ("queue.buffering.max.kbytes", "262144"),
        ("linger.ms", &options.linger_ms.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .chain(options.properties.clone())
    .collect();
    config(&options.brokers, &defaults)
        .create_with_context(Reports(Arc::clone(&shared.deliveries)))
        .map_err(|source| refused(&options.brokers, source))
}

/// Sends every application's row of the products dimension, and waits for its acknowledgement.
fn publish_products(
    producer: &BaseProducer<Reports>,
    options: &Options,
    catalog: &Catalog,
) -> Result<()> {
    let failed = |source| {
        let what = format!("cannot publish the products to {}", options.products_topic);
        Error::kafka(&options.brokers, what, source)
    };
    for application in catalog.applications() {
        let (product, zone) = (&application.product, application.zone);
        let value = format!("{{\"product\":\"{product}\",\"zone\":\"{zone}\"}}");
        producer
            .send(
                BaseRecord::with_opaque_to(&options.products_topic, Box::new(None))
                    .partition(0)
                    .key(&application.app_key)
                    .payload(&value),
            )
            .map_err(|(error, _)| failed(error))?;
    }
    producer.flush(FLUSH).map_err(failed)
}
