//! The published state: committed files and in-memory tail of every table, swapped as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use arrow::array::RecordBatch;
use common::{DataFile, EngineError, LastEntries, Offsets, Result, TableDef, TopicPartition};
use lake::commit::{Incarnation, PartitionCount};
use parking_lot::Mutex;

use super::dimension_progress::DimensionProgress;
use super::file_index::FileIndex;
use super::progress::SourceProgress;

/// Rows of one micro-batch in one table: visible, not yet in a commit group.
#[derive(Debug)]
pub struct Tail {
    /// The publish order number of the micro-batch.
    pub sequence: u64,
    /// Bytes that they take in memory.
    pub bytes: usize,
    /// Its rows, in the table's schema.
    pub rows: RecordBatch,
}

/// One table at one instant.
#[derive(Debug, Clone)]
pub struct TableState {
    /// What the table is.
    pub def: Arc<TableDef>,
    /// Its committed files.
    pub files: Arc<FileIndex>,
    /// Its rows that are not yet committed, in publish order.
    pub tail: Vec<Arc<Tail>>,
}

/// One instant of everything: what a query pins, and what a commit group is cut from.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// The publish order number of the latest micro-batch in it.
    pub sequence: u64,
    /// The latest commit group whose files it shows.
    pub group: i64,
    /// When it was published, in microseconds since the epoch.
    pub published_at_us: i64,
    /// All tables by name.
    pub tables: BTreeMap<Arc<str>, TableState>,
    /// How far each pipeline has read each topic partition, earlier incarnations included.
    pub offsets: Arc<Offsets>,
    /// The offsets of the latest commit group.
    pub committed_offsets: Arc<Offsets>,
    /// The topics that were ever read: name, id, incarnation.
    pub incarnations: Arc<Vec<Incarnation>>,
    /// Bytes that the tails hold in memory.
    pub tail_bytes: usize,
    /// The last entry's number of every ledger that ever posted.
    pub last_entries: LastEntries,
    /// The dimensions' versions when the latest micro-batch in it was published.
    pub dimension_versions: Arc<BTreeMap<String, String>>,
    /// What was counted since the latest commit group, by micro-batch.
    pub counts: Vec<Arc<(u64, Vec<PartitionCount>)>>,
    /// How far each source has been read.
    pub progress: BTreeMap<Arc<str>, Arc<SourceProgress>>,
    /// How each dimension stands.
    pub dimensions: BTreeMap<Arc<str>, Arc<DimensionProgress>>,
}

/// What one micro-batch adds, in all tables at once.
#[derive(Debug, Default)]
pub struct MicroBatch {
    /// Rows by table, in the tables' schemas.
    pub rows: Vec<(Arc<str>, RecordBatch)>,
    /// The next offsets that change.
    pub offsets: Offsets,
    /// The first offset of each topic partition that the micro-batch covers.
    pub first_offsets: BTreeMap<TopicPartition, i64>,
    /// What was counted.
    pub counts: Vec<PartitionCount>,
    /// The last entry's number of each ledger that the micro-batch posted to.
    pub last_entries: LastEntries,
    /// The dimensions' versions; None leaves those known before.
    pub dimension_versions: Option<BTreeMap<String, String>>,
    /// The source's progress after it.
    pub progress: Option<SourceProgress>,
}

impl TableState {
    /// A table with its committed files and nothing in memory.
    pub fn new(def: TableDef, files: FileIndex) -> Self {
        Self {
            def: Arc::new(def),
            files: Arc::new(files),
            tail: Vec::new(),
        }
    }
}

impl Published {
    /// A state of these tables, of which nothing else is known yet.
    pub fn of_tables(tables: impl IntoIterator<Item = TableState>) -> Self {
        let named = tables.into_iter().map(|t| (t.def.name.clone(), t));
        Self {
            tables: named.collect(),
            ..Self::default()
        }
    }

    /// The sources that have not read what was there at the start.
    pub fn catching_up(&self) -> Vec<&SourceProgress> {
        self.progress
            .values()
            .filter(|p| !p.caught_up())
            .map(AsRef::as_ref)
            .collect()
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&TableState> {
        self.tables.get(name)
    }

    /// Ranges join: a pipeline's micro-batch begins where the one before it ended. Were one taken
    /// that begins elsewhere, its records would be kept twice, or others never.
    fn check_joins(&self, added: &MicroBatch) -> Result<()> {
        for key in added.offsets.keys() {
            let (Some(first), Some(known)) =
                (added.first_offsets.get(&key.at), self.offsets.get(key))
            else {
                continue;
            };
            if first != known {
                return Err(EngineError::internal(format!(
                    "a micro-batch of pipeline {} on {}[{}] begins at offset {first}, but the one \
                     before it ended at {known}",
                    key.pipeline, key.at.topic, key.at.partition,
                )));
            }
        }
        Ok(())
    }

    fn with(&self, added: MicroBatch, now_us: i64) -> Result<Self> {
        self.check_joins(&added)?;
        let mut next = self.clone();
        next.sequence += 1;
        next.published_at_us = now_us;
        for (name, rows) in added.rows {
            let table = next.tables.get_mut(&name).ok_or_else(|| {
                EngineError::internal(format!("micro-batch for a table that isn't there: {name}"))
            })?;
            let bytes = rows.get_array_memory_size();
            next.tail_bytes += bytes;
            table.tail.push(Arc::new(Tail {
                sequence: next.sequence,
                bytes,
                rows,
            }));
        }
        if !added.offsets.is_empty() {
            let mut offsets = (*next.offsets).clone();
            offsets.extend(added.offsets);
            next.offsets = Arc::new(offsets);
        }
        if !added.counts.is_empty() {
            next.counts.push(Arc::new((next.sequence, added.counts)));
        }
        next.last_entries.extend(added.last_entries);
        if let Some(versions) = added.dimension_versions
            && versions != *next.dimension_versions
        {
            next.dimension_versions = Arc::new(versions);
        }
        if let Some(progress) = added.progress {
            next.progress
                .insert(progress.source.clone(), Arc::new(progress));
        }
        Ok(next)
    }

    /// The file lists of these tables with what a commit group added.
    fn with_files(&self, files: &[(Arc<str>, Vec<DataFile>)]) -> Result<FileLists> {
        let mut lists = FileLists::new();
        for (name, added) in files {
            let table = self.tables.get(name).ok_or_else(|| {
                EngineError::internal(format!("commit group for a table that isn't there: {name}"))
            })?;
            let before = lists.get(name).unwrap_or(&table.files);
            let all = before.with(&table.def, added)?;
            lists.insert(name.clone(), Arc::new(all));
        }
        Ok(lists)
    }

    /// The state after a commit group took over everything up to a publish order number.
    fn committed(&self, cut: &Published, group: i64, files: FileLists) -> Self {
        let mut next = self.clone();
        next.group = group;
        next.committed_offsets = cut.offsets.clone();
        next.counts.retain(|c| c.0 > cut.sequence);
        for table in next.tables.values_mut() {
            table.tail.retain(|t| t.sequence > cut.sequence);
        }
        next.tail_bytes = next
            .tables
            .values()
            .flat_map(|t| &t.tail)
            .map(|t| t.bytes)
            .sum();
        for (name, all) in files {
            if let Some(table) = next.tables.get_mut(&name) {
                table.files = all;
            }
        }
        next
    }
}

/// Tables' whole file lists by their names.
type FileLists = BTreeMap<Arc<str>, Arc<FileIndex>>;

/// Holds the current [`Published`]; the one place where it changes.
#[derive(Debug)]
pub struct Publisher {
    current: ArcSwap<Published>,
    change: Mutex<()>,
    /// Held while file lists change, so that they can be made beside publishing.
    commit: Mutex<()>,
}

impl Publisher {
    /// Starts from a recovered state.
    pub fn new(state: Published) -> Self {
        Self {
            current: ArcSwap::from_pointee(state),
            change: Mutex::new(()),
            commit: Mutex::new(()),
        }
    }

    /// The state published at this moment.
    pub fn current(&self) -> Arc<Published> {
        self.current.load_full()
    }

    /// Publishes a micro-batch: all its rows become visible in one swap.
    pub fn publish(&self, added: MicroBatch, now_us: i64) -> Result<Arc<Published>> {
        let _change = self.change.lock();
        let next = Arc::new(self.current.load().with(added, now_us)?);
        self.current.store(next.clone());
        Ok(next)
    }

    /// Makes an incarnation of a topic known, before the first record of it is published.
    pub fn note_incarnation(&self, incarnation: Incarnation) {
        self.alter(|next| {
            if !next.incarnations.contains(&incarnation) {
                Arc::make_mut(&mut next.incarnations).push(incarnation);
            }
        });
    }

    /// Brings a source's progress up to date without rows: time passes for an idle source too.
    pub fn note_progress(&self, progress: SourceProgress, now_us: i64) {
        self.alter(|next| {
            next.published_at_us = now_us;
            next.progress
                .insert(progress.source.clone(), Arc::new(progress));
        });
    }

    /// Says what a source is doing; how far it has been read stays.
    pub fn note_source_state(&self, source: &Arc<str>, state: &str, now_us: i64) {
        self.alter(|next| {
            next.published_at_us = now_us;
            let waiting = || Arc::new(SourceProgress::waiting(source, state, now_us));
            let progress = next.progress.entry(source.clone()).or_insert_with(waiting);
            Arc::make_mut(progress).state = state.into();
        });
    }

    /// Brings up to date how a dimension stands.
    pub fn note_dimension(&self, progress: DimensionProgress) {
        self.alter(|next| {
            next.dimensions
                .insert(progress.dimension.clone(), Arc::new(progress));
        });
    }

    /// Changes what is known beside the rows.
    fn alter(&self, change: impl FnOnce(&mut Published)) {
        let _change = self.change.lock();
        let mut next = (**self.current.load()).clone();
        change(&mut next);
        self.current.store(Arc::new(next));
    }

    /// Swaps the tails that `cut` held for the files of the commit group that took them: no query
    /// sees a row twice or not at all.
    pub fn committed(
        &self,
        cut: &Published,
        group: i64,
        files: &[(Arc<str>, Vec<DataFile>)],
    ) -> Result<Arc<Published>> {
        let _commit = self.commit.lock();
        let files = self.current.load().with_files(files)?;
        let _change = self.change.lock();
        let next = Arc::new(self.current.load().committed(cut, group, files));
        self.current.store(next.clone());
        Ok(next)
    }
}
