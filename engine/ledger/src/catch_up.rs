//! The index from the ledger's entries, read in any order.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use common::{EngineError, Result, TableDef};

use super::columns::{ENTRY, SIGN, time_type};
use super::definition::ledger_def;
use super::index::{ENTRY_MAX, Fingerprint, Index, Stored, stored_ms};
use super::order::Order;
use super::ranks::column;

/// The number of a ledger's first entry, so that 0 says that there is none.
const FIRST_ENTRY: i64 = 1;

/// Applies entries to an index, whatever order their files are read in.
///
/// The one writer numbers entries in the order of posting, and a key's signs alternate: +1, then
/// −1 of that entry, perhaps +1 of another. So a key's state is what its *last* entry says: a +1 is
/// the credit in force, a −1 means that there is none. Only the greatest number of each key
/// matters, which is independent of the order of reading. A −1 is remembered until the end, since
/// the +1 that it takes back may be read after it.
#[derive(Debug)]
pub struct CatchUp {
    index: Index,
    from_entry: i64,
    applied: i64,
    sign_sum: i64,
    key: Vec<String>,
    leading: &'static str,
    taken_back: HashMap<Fingerprint, i64>,
    next_entry: i64,
}

impl CatchUp {
    /// Begins with an index: an empty one and 0, or that of a snapshot and the number after its last
    /// entry. Every entry from that number on must be applied once; earlier ones are skipped.
    pub fn new(table: &TableDef, index: Index, next_entry: i64) -> Result<Self> {
        let def = ledger_def(table)?;
        Ok(Self {
            sign_sum: index.len() as i64,
            index,
            from_entry: next_entry,
            applied: 0,
            key: def.key.clone(),
            leading: Order::new(def)?.leading().name(),
            taken_back: HashMap::new(),
            next_entry,
        })
    }

    /// The columns that [`apply`](Self::apply) reads.
    pub fn columns(&self) -> Vec<&str> {
        let own = [self.leading, SIGN, ENTRY];
        self.key.iter().map(String::as_str).chain(own).collect()
    }

    /// Applies the entries of a batch, which has at least the columns of [`columns`](Self::columns).
    pub fn apply(&mut self, entries: &RecordBatch) -> Result<()> {
        let keys = self
            .key
            .iter()
            .map(|name| column(entries, name, &DataType::Utf8))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let fingerprints = self.index.fingerprints(&keys)?;
        let at = column(entries, self.leading, &time_type())?;
        let at = at.as_primitive::<TimestampMicrosecondType>();
        let sign = column(entries, SIGN, &DataType::Int32)?;
        let sign = sign.as_primitive::<Int32Type>();
        let entry = column(entries, ENTRY, &DataType::Int64)?;
        let entry = entry.as_primitive::<Int64Type>();
        if sign.null_count() > 0 || entry.null_count() > 0 {
            return Err(broken("an entry without its sign or number"));
        }
        let added: Vec<Fingerprint> = fingerprints
            .iter()
            .zip(sign.values())
            .filter_map(|(f, sign)| (*sign > 0 && self.index.get(*f).is_none()).then_some(*f))
            .collect();
        self.index.reserve(&added)?;
        for (row, fingerprint) in fingerprints.into_iter().enumerate() {
            let (sign, entry) = (sign.value(row), entry.value(row));
            if entry < self.from_entry {
                continue;
            }
            if entry > ENTRY_MAX {
                return Err(broken("an entry whose number is out of range"));
            }
            self.next_entry = self.next_entry.max(entry + 1);
            self.applied += 1;
            self.sign_sum += i64::from(sign);
            match sign {
                1 => {
                    let at_ms = stored_ms(at.is_valid(row).then(|| at.value(row)));
                    self.take(fingerprint, Stored { at_ms, entry });
                }
                -1 => self.take_back(fingerprint, entry),
                _ => return Err(broken("an entry whose sign is neither 1 nor -1")),
            }
        }
        Ok(())
    }

    /// The index, and the number after the last entry. Numbers are dense, so there must be as many
    /// entries as numbers; and the signs must sum to the number of keys that have a credit. If not,
    /// entries are missing, or were read twice.
    pub fn finish(self) -> Result<(Index, i64)> {
        let first_entry = self.from_entry.max(FIRST_ENTRY);
        let numbers = (self.next_entry - first_entry).max(0);
        if self.applied != numbers {
            return Err(EngineError::data(format!(
                "the ledger has {} entries from number {first_entry} to {}, but must have \
                 {numbers}: entries are missing or doubled, so restore the table",
                self.applied,
                self.next_entry - 1,
            )));
        }
        if self.sign_sum != self.index.len() as i64 {
            return Err(EngineError::data(format!(
                "the signs of the ledger's entries up to {} sum to {}, but {} keys have a credit: \
                 entries are missing or doubled, so restore the table",
                self.next_entry - 1,
                self.sign_sum,
                self.index.len()
            )));
        }
        Ok((self.index, self.next_entry))
    }

    fn take(&mut self, fingerprint: Fingerprint, stored: Stored) {
        let later = |other: Option<i64>| other.is_some_and(|e| e > stored.entry);
        if later(self.taken_back.get(&fingerprint).copied())
            || later(self.index.get(fingerprint).map(|s| s.entry))
        {
            return;
        }
        self.index.set(fingerprint, stored);
    }

    fn take_back(&mut self, fingerprint: Fingerprint, entry: i64) {
        let last = self.taken_back.entry(fingerprint).or_insert(entry);
        *last = entry.max(*last);
        if self.index.get(fingerprint).is_some_and(|s| s.entry < entry) {
            self.index.remove(fingerprint);
        }
    }
}

fn broken(what: &str) -> EngineError {
    EngineError::data(format!(
        "the ledger has {what}: restore the table, since entries are never edited"
    ))
}
