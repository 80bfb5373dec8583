//! The single writer of a ledger: rows in, the entries that they change out.
//!
//! Within one call, rows of the same key are netted to the least. A key that is unknown gets a +1.
//! A key whose credit rests on a later event gets a −1 of that entry and a +1, posted together. An
//! event that comes later than the credit, or is the credit's own evidence, changes nothing.

use std::collections::{HashMap, VecDeque};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use common::{EngineError, OrderTerm, Result, TableDef};

use super::contest::{Contest, contests};
use super::definition::{check_columns, index_definition, ledger_def};
use super::entry::{Line, build};
use super::holders::Holders;
use super::index::{ENTRY_MAX, Fingerprint, Frozen, Index, Stored, stored_ms};
use super::order::Order;
use super::posting::{EntryReader, Evidence, Posting};
use super::ranks::{Ranks, column};

/// A ledger's writer: its index, the next entry number, and what isn't committed yet.
#[derive(Debug)]
pub struct Ledger {
    table: TableDef,
    key: Vec<String>,
    order: Order,
    index: Index,
    next_entry: i64,
    committed_entry: i64,
    uncommitted: VecDeque<Undo>,
}

/// Entries that are ready to be published, and what they change in the index.
#[derive(Debug)]
pub struct Prepared {
    /// The entries, in the order of their numbers.
    pub entries: RecordBatch,
    first_entry: i64,
    changes: Vec<(Fingerprint, Stored)>,
}

impl Prepared {
    /// The number of the last entry.
    pub fn last_entry(&self) -> i64 {
        self.first_entry + self.entries.num_rows() as i64 - 1
    }
}

/// What was stored for a key before an entry that isn't committed.
#[derive(Debug)]
struct Undo {
    entry: i64,
    fingerprint: Fingerprint,
    before: Option<Stored>,
}

/// A row that takes a credit, and the entry it takes it from.
struct Taker {
    fingerprint: Fingerprint,
    row: usize,
    from: Option<Holder>,
}

/// An entry that loses its credit: its number, and its row among the holders.
#[derive(Clone, Copy)]
struct Holder {
    entry: i64,
    row: usize,
}

impl Ledger {
    /// A writer that goes on with an index and the number after the last entry.
    pub fn new(table: &TableDef, index: Index, next_entry: i64) -> Result<Self> {
        let def = ledger_def(table)?;
        let order = Order::new(def).map_err(|e| e.context(format!("ledger {}", table.name)))?;
        check_columns(table, def, &order)?;
        if !(0..ENTRY_MAX).contains(&next_entry) {
            return Err(EngineError::data(format!(
                "ledger {} can't go on with entry number {next_entry}",
                table.name
            )));
        }
        Ok(Self {
            table: table.clone(),
            key: def.key.clone(),
            order,
            index,
            next_entry,
            committed_entry: next_entry - 1,
            uncommitted: VecDeque::new(),
        })
    }

    /// The time that [`may_change`](Self::may_change) wants: the first of the ledger's order.
    pub fn leading(&self) -> OrderTerm {
        self.order.leading()
    }

    /// The number of the next entry.
    pub fn next_entry(&self) -> i64 {
        self.next_entry
    }

    /// The index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Which rows could change a credit: the key is unknown, or the row's leading time is not later
    /// than the credit's. `keys` are the key columns, `leading` is [`Self::leading`] in
    /// microseconds. The rows that can't need no tie.
    pub fn may_change(
        &self,
        keys: &[ArrayRef],
        leading: &TimestampMicrosecondArray,
    ) -> Result<BooleanArray> {
        let fingerprints = self.index.fingerprints(keys)?;
        if fingerprints.len() != leading.len() {
            return Err(EngineError::internal(
                "the keys and times of ledger rows differ in number",
            ));
        }
        let stored = self.index.lookup(&fingerprints);
        Ok(BooleanArray::from_iter(stored.iter().enumerate().map(
            |(row, stored)| {
                let at_ms = stored_ms(leading.is_valid(row).then(|| leading.value(row)));
                Some(stored.is_none_or(|s| at_ms <= s.at_ms))
            },
        )))
    }

    /// Finds what rows change, without changing anything but the room in the index; none where
    /// nothing changes.
    ///
    /// Old entries are read only where a row could take over or tie with a credit, all in one call.
    /// What is prepared must be applied before the next call prepares, or dropped.
    pub async fn prepare(
        &mut self,
        evidence: Evidence<'_>,
        posting: &Posting,
        entries: &dyn EntryReader,
    ) -> Result<Option<Prepared>> {
        let prepared = self.prepare_entries(evidence, posting, entries).await;
        prepared.map_err(|e| e.context(format!("ledger {}", self.table.name)))
    }

    async fn prepare_entries(
        &mut self,
        evidence: Evidence<'_>,
        posting: &Posting,
        entries: &dyn EntryReader,
    ) -> Result<Option<Prepared>> {
        let Evidence {
            rows,
            received,
            position,
            ..
        } = evidence;
        let ranks = Ranks::new(&self.order, rows, received, position)?;
        let keys = self
            .key
            .iter()
            .map(|name| column(rows, name, &DataType::Utf8))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let fingerprints = self.index.fingerprints(&keys)?;
        let stored = self.index.lookup(&fingerprints);
        let contests = contests(&self.order, &ranks, &fingerprints, &stored);
        let held: Vec<(i64, Fingerprint)> = contests
            .iter()
            .filter_map(|c| Some((c.stored?.entry, c.fingerprint)))
            .collect();
        let holders = if held.is_empty() {
            None
        } else {
            Some(Holders::read(&held, &self.key, &self.order, &self.index, entries).await?)
        };
        let takers = self.takers(&contests, &ranks, holders.as_ref())?;
        if takers.is_empty() {
            return Ok(None);
        }
        let (lines, changes) = self.lines(&takers, &ranks);
        let entries = build(
            &self.table.schema,
            evidence,
            holders.as_ref().map(Holders::rows),
            &lines,
            posting,
            self.next_entry,
        )?;
        let new: Vec<Fingerprint> = takers
            .iter()
            .filter_map(|taker| taker.from.is_none().then_some(taker.fingerprint))
            .collect();
        self.index.reserve(&new)?;
        Ok(Some(Prepared {
            entries,
            first_entry: self.next_entry,
            changes,
        }))
    }

    /// Who takes a credit, in the order of the rows.
    fn takers(
        &self,
        contests: &[Contest],
        ranks: &Ranks,
        holders: Option<&Holders>,
    ) -> Result<Vec<Taker>> {
        let mut takers = Vec::new();
        for contest in contests {
            let (from, rank) = match (contest.stored, holders) {
                (Some(stored), Some(holders)) => {
                    let entry = stored.entry;
                    let (row, rank) = holders.of(entry)?;
                    (Some(Holder { entry, row }), Some(rank))
                }
                _ => (None, None),
            };
            if let Some(row) = contest.winner(&self.order, ranks, rank.as_ref()) {
                takers.push(Taker {
                    fingerprint: contest.fingerprint,
                    row,
                    from,
                });
            }
        }
        takers.sort_unstable_by_key(|taker| taker.row);
        Ok(takers)
    }

    /// The entries to build, and what the index has for each taker's key then.
    fn lines(&self, takers: &[Taker], ranks: &Ranks) -> (Vec<Line>, Vec<(Fingerprint, Stored)>) {
        let mut lines = Vec::with_capacity(takers.len());
        let mut changes = Vec::with_capacity(takers.len());
        for taker in takers {
            if let Some(holder) = taker.from {
                lines.push(Line::TakenBack {
                    old: holder.row,
                    entry: holder.entry,
                    because_of: taker.row,
                });
            }
            let entry = self.next_entry + lines.len() as i64;
            lines.push(Line::Takes {
                row: taker.row,
                moved: taker.from.is_some(),
            });
            let at_ms = stored_ms(ranks.at(taker.row).leading(self.order.leading()));
            changes.push((taker.fingerprint, Stored { at_ms, entry }));
        }
        (lines, changes)
    }

    /// Makes prepared entries the ledger's state, and returns them.
    pub fn apply(&mut self, prepared: Prepared) -> Result<RecordBatch> {
        if prepared.first_entry != self.next_entry {
            return Err(EngineError::internal(format!(
                "entries of ledger {} were prepared as number {} but applied as {}",
                self.table.name, prepared.first_entry, self.next_entry
            )));
        }
        for (fingerprint, stored) in prepared.changes {
            let before = self.index.set(fingerprint, stored);
            self.uncommitted.push_back(Undo {
                entry: stored.entry,
                fingerprint,
                before,
            });
        }
        self.next_entry += prepared.entries.num_rows() as i64;
        Ok(prepared.entries)
    }

    /// Tells that all entries up to this number are durable, so that snapshots have them.
    pub fn entries_committed(&mut self, up_to_entry: i64) {
        self.committed_entry = self.committed_entry.max(up_to_entry);
        while self
            .uncommitted
            .front()
            .is_some_and(|undo| undo.entry <= up_to_entry)
        {
            self.uncommitted.pop_front();
        }
        if self.uncommitted.capacity() > 4 * self.uncommitted.len() + 1024 {
            self.uncommitted.shrink_to(2 * self.uncommitted.len());
        }
    }

    /// The committed part of the index, to be written as a snapshot while the ledger goes on.
    pub fn freeze(&self) -> Result<Frozen> {
        let mut before = HashMap::with_capacity(self.uncommitted.len());
        for undo in &self.uncommitted {
            before.entry(undo.fingerprint).or_insert(undo.before);
        }
        Ok(Frozen::new(
            &self.index,
            before,
            index_definition(&self.table)?,
            self.committed_entry + 1,
        ))
    }
}
