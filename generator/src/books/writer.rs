//! Writes facts to their file in the background.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::csv;
use crate::error::{Error, Result};
use crate::fact::RecordFacts;

/// Records that may wait for the file before booking waits too.
const QUEUE_RECORDS: usize = 65_536;
/// Facts reach the file at least this often.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
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

fn run(queue: &Receiver<Message>, mut file: File) -> std::io::Result<()> {
    let mut text = String::with_capacity(2 * CHUNK_BYTES);
    let mut drain = |text: &mut String| {
        let result = file.write_all(text.as_bytes());
        text.clear();
        result
    };
    let mut flushed_at = Instant::now();
    loop {
        if flushed_at.elapsed() >= FLUSH_EVERY {
            drain(&mut text)?;
            flushed_at = Instant::now();
        }
        match queue.recv_timeout(FLUSH_EVERY) {
            Ok(Message::Booked {
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
            Ok(Message::Flush(done)) => {
                drain(&mut text)?;
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                drain(&mut text)?;
                return file.sync_all();
            }
        }
    }
}
