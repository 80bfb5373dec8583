//! Writes facts to their file in the background.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use super::csv;
use crate::error::{Error, Result};
use crate::fact::RecordFacts;

/// Records that may wait for the file before booking waits too.
const QUEUE_RECORDS: usize = 65_536;
/// Text that is written at once.
const CHUNK_BYTES: usize = 256 * 1024;

enum Message {
    Booked {
        partition: i32,
        offset: i64,
        facts: Box<RecordFacts>,
    },
    Flush(SyncSender<()>),
}

/// The background thread and the queue to it.
pub(crate) struct FactsWriter {
    path: PathBuf,
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl FactsWriter {
    /// Creates a new file with its header.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|source| Error::file(path, "cannot create the file of facts", source))?;
        file.write_all(csv::HEADER.as_bytes())
            .map_err(|source| Error::file(path, "cannot write facts", source))?;
        let (sender, receiver) = sync_channel(QUEUE_RECORDS);
        let of_thread = path.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("books".to_owned())
            .spawn(move || {
                run(&receiver, file)
                    .map_err(|source| Error::file(&of_thread, "cannot write facts", source))
            })
            .map_err(|source| Error::file(path, "cannot start the thread of the books", source))?;
        Ok(Self {
            path: path.to_path_buf(),
            queue: Some(sender),
            thread: Some(thread),
        })
    }

    /// Queues a record's facts. A file that failed is reported by `flush` and `finish`.
    pub(crate) fn book(&self, partition: i32, offset: i64, facts: Box<RecordFacts>) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(Message::Booked {
                partition,
                offset,
                facts,
            });
        }
    }

    /// Waits until all that is booked is in the file.
    pub(crate) fn flush(&self) -> Result<()> {
        let (done, wait) = sync_channel(1);
        let sent = self
            .queue
            .as_ref()
            .map(|queue| queue.send(Message::Flush(done)));
        match sent {
            Some(Ok(())) if wait.recv().is_ok() => Ok(()),
            _ => Err(Error::format(
                &self.path,
                0,
                "writing has failed; see the end of the run",
            )),
        }
    }

    /// Writes the rest and syncs the file.
    pub(crate) fn finish(mut self) -> Result<()> {
        drop(self.queue.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(Error::ThreadDied("books")),
        }
    }
}

/// Facts wait for more of them only while more are there already, so that a process that is killed
/// has booked all but the last milliseconds of what Kafka has acknowledged.
fn run(queue: &Receiver<Message>, mut file: File) -> std::io::Result<()> {
    let mut text = String::with_capacity(2 * CHUNK_BYTES);
    let mut drain = |text: &mut String| {
        let result = file.write_all(text.as_bytes());
        text.clear();
        result
    };
    loop {
        let message = match queue.try_recv() {
            Ok(message) => Some(message),
            Err(TryRecvError::Empty) => {
                drain(&mut text)?;
                queue.recv().ok()
            }
            Err(TryRecvError::Disconnected) => None,
        };
        match message {
            Some(Message::Booked {
                partition,
                offset,
                facts,
            }) => {
                for fact in &facts.facts {
                    csv::write(&mut text, partition, offset, facts.received_us, fact);
                }
                if text.len() >= CHUNK_BYTES {
                    drain(&mut text)?;
                }
            }
            Some(Message::Flush(done)) => {
                drain(&mut text)?;
                let _ = done.send(());
            }
            None => {
                drain(&mut text)?;
                return file.sync_all();
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::fact::{Fact, Reason};

    #[test]
    fn facts_are_in_the_file_at_once_without_a_flush_or_an_end() {
        let path = std::env::temp_dir().join(format!("facts-at-once-{}.csv", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let writer = FactsWriter::create(&path).unwrap();
        let facts = RecordFacts {
            received_us: 1,
            facts: vec![Fact::dead_letter(-1, Reason::Malformed)],
        };
        writer.book(3, 4711, Box::new(facts));
        let deadline = Instant::now() + Duration::from_secs(30);
        while !std::fs::read_to_string(&path).unwrap().contains("3,4711,") {
            assert!(Instant::now() < deadline, "nothing is written");
            std::thread::sleep(Duration::from_millis(1));
        }
        writer.finish().unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
