//! The books' folder: loads what earlier runs booked, and begins a new run beside it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::book::Books;
use super::csv;
use super::runs::{self, Run, TopicRun};
use super::writer::FactsWriter;
use crate::error::{Error, Result};
use crate::fact::{Name, RecordFacts};
use crate::workload::EarlierRun;

/// A folder with `runs.json` and a file of facts for each run.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    runs: Vec<Run>,
}

impl Folder {
    /// Opens a folder, and makes it where it doesn't exist.
    pub fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)
            .map_err(|source| Error::file(path, "cannot make the books' folder", source))?;
        let runs = runs::read(&path.join("runs.json"))?;
        Ok(Self {
            path: path.to_path_buf(),
            runs,
        })
    }

    /// Every run, in order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The number that the next run gets.
    pub fn next_run(&self) -> u32 {
        self.runs.iter().map(|run| run.run).max().unwrap_or(0) + 1
    }

    /// The handsets that earlier runs made.
    pub fn handsets(&self) -> Vec<EarlierRun> {
        self.runs.iter().map(Run::handsets).collect()
    }

    /// Reads the facts of all runs; none of them is folded yet. The last line of a run that crashed
    /// may be cut off: it is left out.
    pub fn load(&self) -> Result<Books> {
        let mut books = Books::new();
        let mut names: HashMap<String, Name> = HashMap::new();
        let mut names = |name: &str| match names.get(name) {
            Some(name) => name.clone(),
            None => names
                .entry(name.to_owned())
                .or_insert_with(|| Name::from(name))
                .clone(),
        };
        for run in &self.runs {
            load_run(&self.path.join(&run.facts), run, &mut books, &mut names)?;
        }
        Ok(books)
    }

    /// Begins a run: its line in `runs.json` and its empty file of facts.
    pub(crate) fn begin(
        &mut self,
        topic: TopicRun,
        seed: u64,
        started: String,
        withheld: u32,
    ) -> Result<FactsWriter> {
        let run = self.next_run();
        let facts = format!("facts-{run}.csv");
        let writer = FactsWriter::create(&self.path.join(&facts))?;
        let TopicRun { topic, topic_id } = topic;
        self.runs.push(Run {
            run,
            facts,
            topic,
            topic_id,
            seed,
            started,
            devices: 0,
            withheld,
            ended: false,
        });
        self.save()?;
        Ok(writer)
    }

    /// Notes how many handsets the last run has made, and whether it is over.
    pub(crate) fn note(&mut self, devices: u64, ended: bool) -> Result<()> {
        if let Some(run) = self.runs.last_mut() {
            run.devices = devices;
            run.ended = ended;
        }
        self.save()
    }

    fn save(&self) -> Result<()> {
        runs::write(&self.path.join("runs.json"), &self.runs)
    }
}

fn load_run(
    path: &Path,
    run: &Run,
    books: &mut Books,
    names: &mut impl FnMut(&str) -> Name,
) -> Result<()> {
    let failed = |source| Error::file(path, "cannot read facts", source);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut text = String::new();
    let mut at = 0;
    let mut record: Option<(i32, i64, RecordFacts)> = None;
    loop {
        text.clear();
        at += 1;
        let read = reader.read_line(&mut text).map_err(failed)?;
        let Some(line) = text.strip_suffix('\n').filter(|_| read > 0) else {
            break;
        };
        if at == 1 {
            if format!("{line}\n") != csv::HEADER {
                return Err(Error::format(
                    path,
                    1,
                    "this is no file of facts: another header",
                ));
            }
            continue;
        }
        let line = csv::read(line, names).map_err(|what| Error::format(path, at, what))?;
        match &mut record {
            Some((partition, offset, facts))
                if (*partition, *offset) == (line.partition, line.offset) =>
            {
                facts.facts.push(line.fact);
            }
            _ => {
                let facts = RecordFacts {
                    received_us: line.received_us,
                    facts: vec![line.fact],
                };
                if let Some((partition, offset, facts)) =
                    record.replace((line.partition, line.offset, facts))
                {
                    books.book(&run.topic_id, partition, offset, &facts)?;
                }
            }
        }
    }
    match record {
        // Of a run that crashed, the last record's facts may not all be there.
        Some((partition, offset, facts)) if run.ended => {
            books.book(&run.topic_id, partition, offset, &facts)
        }
        _ => Ok(()),
    }
}
