//! What is read from Kafka while it runs: whatever ends is noticed, said, and ends what needs it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use common::clock::now_us;
use common::{EngineError, Kind, Result};
use kafka::SourceHandle;
use state::Publisher;

/// How often the flows are looked at for one that has ended.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// A source being read.
pub(super) struct RunningSource {
    pub(super) source: Arc<str>,
    pub(super) handle: SourceHandle,
    /// The dimensions that its pipelines join.
    pub(super) dimensions: BTreeSet<Arc<str>>,
    pub(super) thread: JoinHandle<Result<()>>,
}

/// A dimension being followed.
pub(super) struct RunningDimension {
    pub(super) dimension: Arc<str>,
    pub(super) thread: JoinHandle<Result<()>>,
}

/// The threads of sources and dimensions.
#[derive(Default)]
pub(super) struct Running {
    pub(super) sources: Vec<RunningSource>,
    pub(super) dimensions: Vec<RunningDimension>,
    /// Dimensions that ended early, with what sources that join them are stopped for.
    lost: Vec<(Arc<str>, String)>,
}

impl Running {
    /// Waits until everything has ended; the result is the first failure. A source that fails stops
    /// alone: the others go on, queries are answered, and `system.sources` and the log say why. A
    /// dimension that fails takes the sources that join it along: they would join rows that are out
    /// of date.
    pub(super) fn watch(mut self, publisher: &Publisher, stop: &AtomicBool) -> Result<()> {
        let mut outcome = Ok(());
        while !(self.sources.is_empty() && self.dimensions.is_empty()) {
            for ended in take_ended(&mut self.dimensions, |d| d.thread.is_finished()) {
                let stopping = stop.load(Ordering::Acquire);
                outcome = outcome.and(self.dimension_ended(ended, stopping, publisher));
            }
            for ended in take_ended(&mut self.sources, |s| s.thread.is_finished()) {
                outcome = outcome.and(self.source_ended(ended, publisher));
            }
            std::thread::sleep(WATCH_INTERVAL);
        }
        outcome
    }

    fn dimension_ended(
        &mut self,
        ended: RunningDimension,
        stopping: bool,
        publisher: &Publisher,
    ) -> Result<()> {
        let dimension = ended.dimension;
        let error = match join(ended.thread) {
            Ok(()) if stopping => return Ok(()),
            Ok(()) => EngineError::internal("its thread ended"),
            Err(e) => e,
        };
        tracing::error!(%dimension, error = %error, "the dimension stopped");
        if let Some(known) = publisher.current().dimensions.get(&dimension) {
            let mut progress = (**known).clone();
            progress.state = format!("stopped: {error}").into();
            publisher.note_dimension(progress);
        }
        for source in &self.sources {
            if source.dimensions.contains(&dimension) {
                source.handle.stop();
            }
        }
        let why = format!("dimension {dimension}: {error}");
        self.lost.push((dimension, why));
        Err(error)
    }

    fn source_ended(&self, ended: RunningSource, publisher: &Publisher) -> Result<()> {
        let source = ended.source;
        let lost = self
            .lost
            .iter()
            .find(|(dimension, _)| ended.dimensions.contains(dimension));
        let error = match (join(ended.thread), lost) {
            (Ok(()), None) => return Ok(()),
            (Ok(()), Some((_, why))) => EngineError::data(why),
            (Err(e), _) => e,
        };
        tracing::error!(%source, error = %error, "the source stopped");
        let state = format!("stopped: {error}");
        publisher.note_source_state(&source, &state, now_us());
        Err(error)
    }
}

fn take_ended<T>(running: &mut Vec<T>, has_ended: impl FnMut(&T) -> bool) -> Vec<T> {
    let (ended, going_on) = std::mem::take(running).into_iter().partition(has_ended);
    *running = going_on;
    ended
}

fn join(thread: JoinHandle<Result<()>>) -> Result<()> {
    thread
        .join()
        .unwrap_or_else(|_| Err(EngineError::new(Kind::Internal, "a flow's thread panicked")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {

    use std::time::Instant;

    use kafka::{KafkaSettings, ReaderSettings, SourceReader, Start};
    use state::{DimensionProgress, Published};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn publisher() -> Arc<Publisher> {
        Arc::new(Publisher::new(Published::default()))
    }

    /// A flow that reads nothing and ends when its source, or all, are told to stop.
    fn source(name: &str, dimensions: &[&str], stop: &Arc<AtomicBool>) -> RunningSource {
        let nowhere = KafkaSettings::new("127.0.0.1:1");
        let settings = ReaderSettings::default();
        let reader =
            SourceReader::open(&nowhere, name, settings, |_| Ok(Start::default())).unwrap();
        let handle = reader.handle();
        let (told, stop) = (handle.clone(), stop.clone());
        RunningSource {
            source: name.into(),
            handle,
            dimensions: dimensions.iter().map(|d| (*d).into()).collect(),
            thread: std::thread::spawn(move || {
                while !told.is_stopped() && !stop.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            }),
        }
    }

    #[test]
    fn a_dimension_that_ends_early_stops_the_sources_that_join_it_and_no_other() {
        let (publisher, stop) = (publisher(), Arc::new(AtomicBool::new(false)));
        publisher.note_dimension(DimensionProgress {
            dimension: "products".into(),
            topic: "products".into(),
            topic_id: "id".into(),
            state: "reading".into(),
            row_count: 1,
            unusable_count: 0,
            caught_up: true,
            lag_records: 0,
            seen_at_us: 0,
        });
        let running = Running {
            sources: vec![
                source("mobile", &["products"], &stop),
                source("web", &["sites"], &stop),
            ],
            dimensions: vec![RunningDimension {
                dimension: "products".into(),
                thread: std::thread::spawn(|| Err(EngineError::data("made again"))),
            }],
            lost: Vec::new(),
        };
        let (shown, told) = (publisher.clone(), stop.clone());
        let watcher = std::thread::spawn(move || running.watch(&shown, &told));

        let deadline = Instant::now() + PATIENCE;
        while !publisher.current().progress.contains_key("mobile") {
            assert!(Instant::now() < deadline, "the source did not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
        let state = publisher.current();
        assert_eq!(
            &*state.progress["mobile"].state,
            "stopped: dimension products: made again"
        );
        assert_eq!(&*state.dimensions["products"].state, "stopped: made again");
        assert!(!watcher.is_finished() && !state.progress.contains_key("web"));

        stop.store(true, Ordering::Release);
        let outcome = watcher.join().unwrap();
        assert_eq!(outcome.unwrap_err().to_string(), "made again");
        assert!(!publisher.current().progress.contains_key("web"));
    }
}
