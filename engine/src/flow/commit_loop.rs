//! The committer's loop: cuts a commit group from the published state, makes it durable, and swaps
//! its tails for its files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use common::{DataFile, EngineError, Kind, Result, TableDef, TableKind, TopicPartition};
use futures::future::try_join_all;
use lake::commit::{COMMITS, Committer, GroupDraft, Maintainer, PartitionCount, TablePins};
use lake::parquet_files::{WriteLimits, write_with};
use lake::storage::Storage;
use ledger::with_commit_group;
use sql::ARCHIVE;
use state::Published;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::shared::Shared;

/// When a commit group is cut.
#[derive(Debug, Clone)]
pub struct CommitRhythm {
    /// The longest time between two groups.
    pub interval: Duration,
    /// Bytes in memory that cut a group before its time.
    pub bytes: usize,
}

/// Cuts and commits groups.
pub struct CommitLoop {
    /// The state, the ledgers and the sources, as the flows have them.
    pub shared: Arc<Shared>,
    /// Writes the sequence.
    pub committer: Committer,
    /// Where files go.
    pub storage: Storage,
    /// Checkpoints the tables' logs.
    pub maintainer: Arc<tokio::sync::Mutex<Maintainer>>,
    /// When groups are cut.
    pub rhythm: CommitRhythm,
    /// How large files get, and how many are encoded at the same time.
    pub write_limits: WriteLimits,
    /// The configuration that the rows were made with.
    pub configuration_hash: String,
    /// The key ring's version.
    pub key_version: String,
}

impl CommitLoop {
    /// Runs until told to stop; then commits what is published and returns.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>) -> Result<()> {
        self.sweep(stop.clone());
        loop {
            let stopping = *stop.borrow();
            if !stopping {
                self.wait_for_cut(&mut stop).await;
            }
            self.commit().await?;
            if stopping {
                return Ok(());
            }
        }
    }

    async fn wait_for_cut(&self, stop: &mut watch::Receiver<bool>) {
        let deadline = Instant::now() + self.rhythm.interval;
        while self.shared.publisher.current().tail_bytes < self.rhythm.bytes {
            tokio::select! {
                changed = stop.changed() => {
                    if changed.is_err() || *stop.borrow() {
                        return;
                    }
                }
                told = timeout_at(deadline, self.shared.published.notified()) => {
                    if told.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Commits everything published so far; nothing where nothing changed.
    async fn commit(&mut self) -> Result<()> {
        let cut = self.shared.publisher.current();
        if cut.offsets == cut.committed_offsets && cut.tail_bytes == 0 {
            return self.check_epoch().await;
        }
        let started = Instant::now();
        let group = self.committer.next_group();
        let naming = self.committer.naming();
        let with_rows = cut.tables.values().filter(|table| !table.tail.is_empty());
        let writes = with_rows.map(|table| async {
            let rows = rows_of(&cut, &table.def, group)?;
            let limits = &self.write_limits;
            let files = write_with(&table.def, &rows, &naming, &self.storage, limits).await?;
            Ok::<_, EngineError>((table.def.name.clone(), files))
        });
        let mut tables = try_join_all(writes).await?;
        let committed = self
            .committer
            .commit(self.draft(&cut, tables.clone()))
            .await?;
        tables.push((COMMITS.into(), vec![committed.row_file]));
        self.shared
            .publisher
            .committed(&cut, committed.group, &tables)?;
        self.shared.ledgers.committed(&cut);
        self.shared.committed.notify_waiters();
        self.tell_kafka(&cut);
        self.checkpoint(committed.group, committed.pins);
        log(&cut, &tables, committed.group, started.elapsed());
        Ok(())
    }

    /// An idle writer, too, must notice that another one took the storage. Storage that is away
    /// tells nothing: it is asked again at the next interval.
    async fn check_epoch(&self) -> Result<()> {
        match self.committer.check_epoch().await {
            Err(e) if e.kind == Kind::Unavailable => {
                tracing::warn!(error = %e, "whether another writer took the storage is not known");
                Ok(())
            }
            checked => checked,
        }
    }

    /// Writes positions to Kafka for lag tools. Nothing reads them back, so a failure is only logged.
    fn tell_kafka(&self, cut: &Published) {
        for source in self.shared.sources.lock().iter() {
            if let Err(e) = source.commit_group_offsets(&cut.offsets) {
                tracing::debug!(topic = %source.topic(), error = %e, "lag tools are not told");
            }
        }
    }

    /// Deletes what earlier writers left unreferenced, beside the flow. A stop cuts it off: the next
    /// start does the rest.
    fn sweep(&self, stop: watch::Receiver<bool>) {
        let sweeper = self.committer.sweeper();
        tokio::spawn(async move {
            let swept = sweeper.sweep_unreferenced().await;
            if *stop.borrow() {
                return;
            }
            for error in &swept.failed {
                tracing::warn!(%error, "files of earlier writers were not swept");
            }
            let (files, bytes) = (swept.files, swept.bytes);
            tracing::debug!(files, bytes, "swept files of earlier writers");
        });
    }

    /// Checkpoints what is due, beside the flow, and with the checkpoints the ledgers' indexes. A
    /// failure is logged, and tried again after the next group.
    fn checkpoint(&self, group: i64, pins: TablePins) {
        let Ok(mut maintainer) = self.maintainer.clone().try_lock_owned() else {
            return;
        };
        let ledgers = self.shared.ledgers.clone();
        tokio::spawn(async move {
            let done = maintainer.checkpoint_if_due(&pins).await;
            for (table, error) in &done.failed {
                tracing::warn!(%table, %error, "a checkpoint failed; it is tried again");
            }
            if done.made.is_empty() {
                return;
            }
            tracing::info!(tables = ?done.made, "checkpoints written");
            let snapshot = tokio::task::spawn_blocking(move || ledgers.snapshot(group));
            if let Err(e) = snapshot.await {
                tracing::warn!(error = %e, "no index snapshot");
            }
        });
    }

    fn draft(&self, cut: &Published, tables: Vec<(Arc<str>, Vec<DataFile>)>) -> GroupDraft {
        GroupDraft {
            tables,
            offsets: (*cut.offsets).clone(),
            incarnations: (*cut.incarnations).clone(),
            counts: summed(cut.counts.iter().flat_map(|c| &c.1)),
            configuration_hash: self.configuration_hash.clone(),
            dimension_versions: (*cut.dimension_versions).clone(),
            key_version: self.key_version.clone(),
            last_entries: cut.last_entries.clone(),
            ..GroupDraft::default()
        }
    }
}

/// A table's tail as the group stores it: ledger entries carry the group's number.
fn rows_of(cut: &Published, def: &TableDef, group: i64) -> Result<Vec<RecordBatch>> {
    let tail = cut
        .table(&def.name)
        .map(|t| t.tail.as_slice())
        .unwrap_or_default();
    let rows = tail.iter().map(|t| t.rows.clone());
    if !matches!(def.kind, TableKind::Ledger(_)) {
        return Ok(rows.collect());
    }
    rows.map(|batch| with_commit_group(&batch, group)).collect()
}

/// One count for each pipeline and topic partition.
fn summed<'a>(counts: impl Iterator<Item = &'a PartitionCount>) -> Vec<PartitionCount> {
    let mut sums: BTreeMap<(Arc<str>, TopicPartition), PartitionCount> = BTreeMap::new();
    for count in counts {
        match sums.entry((count.pipeline.clone(), count.at.clone())) {
            Entry::Vacant(vacant) => {
                vacant.insert(count.clone());
            }
            Entry::Occupied(mut sum) => {
                let sum = sum.get_mut();
                sum.records += count.records;
                sum.opened += count.opened;
                sum.elements += count.elements;
                sum.events += count.events;
                sum.dead_letters += count.dead_letters;
                sum.filtered += count.filtered;
            }
        }
    }
    sums.into_values().collect()
}

fn log(cut: &Published, tables: &[(Arc<str>, Vec<DataFile>)], group: i64, took: Duration) {
    let records: i64 = cut
        .table(ARCHIVE)
        .map_or(0, |t| t.tail.iter().map(|t| t.rows.num_rows() as i64).sum());
    let files: usize = tables.iter().map(|t| t.1.len()).sum();
    tracing::debug!(
        group,
        records,
        files,
        took_ms = took.as_millis() as u64,
        "committed"
    );
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
