//! Which committed files may hold an entry, by its number.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use common::TableDef;
use ledger::columns::ENTRY;
use state::FileIndex;
use state::file_index::IndexedFile;

/// A ledger's files by the numbers of their entries, made from one file index.
///
/// Files of one commit group have numbers that interleave, those of different groups hardly ever,
/// so a number is looked for by bisection, in few files.
#[derive(Debug)]
pub(super) struct EntryFiles {
    of: Weak<FileIndex>,
    /// By least number.
    files: Vec<Numbered>,
}

#[derive(Debug)]
struct Numbered {
    min: i64,
    max: i64,
    /// The greatest number in this file and those before it.
    reaches: i64,
    file: Arc<IndexedFile>,
}

impl EntryFiles {
    /// The files of an index. One whose log entry doesn't tell its numbers may hold any.
    pub(super) fn new(ledger: &TableDef, index: &Arc<FileIndex>) -> Self {
        let column = ledger.schema.index_of(ENTRY).ok();
        let numbers = |file: &IndexedFile| file.whole_numbers(column?);
        let mut files: Vec<Numbered> = index
            .files()
            .map(|file| {
                let (min, max) = numbers(file).unwrap_or((i64::MIN, i64::MAX));
                Numbered {
                    min,
                    max,
                    reaches: max,
                    file: file.clone(),
                }
            })
            .collect();
        files.sort_by_key(|f| f.min);
        let mut reaches = i64::MIN;
        for file in &mut files {
            reaches = reaches.max(file.max);
            file.reaches = reaches;
        }
        Self {
            of: Arc::downgrade(index),
            files,
        }
    }

    /// Whether it was made from this very index.
    pub(super) fn is_of(&self, index: &Arc<FileIndex>) -> bool {
        std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(index))
    }

    /// The files that may hold one of these numbers, each once.
    pub(super) fn holding(&self, wanted: &[i64]) -> Vec<Arc<IndexedFile>> {
        let mut found = BTreeSet::new();
        for number in wanted {
            let begun = self.files.partition_point(|f| f.min <= *number);
            let reached = self.files[..begun].iter().enumerate().rev();
            found.extend(
                reached
                    .take_while(|(_, f)| f.reaches >= *number)
                    .filter(|(_, f)| f.max >= *number)
                    .map(|(at, _)| at),
            );
        }
        found
            .into_iter()
            .map(|at| self.files[at].file.clone())
            .collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use arrow::datatypes::{DataType, Field, Schema};
    use common::{ColumnRange, DataFile, TableKind};

    use super::*;

    fn ledger() -> TableDef {
        TableDef {
            name: "firsts".into(),
            location: "firsts".into(),
            kind: TableKind::Events,
            schema: Arc::new(Schema::new(vec![Field::new(ENTRY, DataType::Int64, false)])),
            partition_by: Vec::new(),
            comment: None,
        }
    }

    fn index(ranges: &[Option<(i64, i64)>]) -> Arc<FileIndex> {
        let files: Vec<DataFile> = ranges
            .iter()
            .enumerate()
            .map(|(i, range)| DataFile {
                path: i.to_string().into(),
                partition_values: BTreeMap::new(),
                size: 1,
                rows: 1,
                modified_at_ms: 0,
                ranges: range
                    .map(|(min, max)| {
                        let (min, max) = (min.into(), max.into());
                        let null_count = 0;
                        let range = ColumnRange {
                            min,
                            max,
                            null_count,
                        };
                        (ENTRY.to_owned(), range)
                    })
                    .into_iter()
                    .collect(),
            })
            .collect();
        Arc::new(FileIndex::new(&ledger(), &files).unwrap())
    }

    fn holding(ranges: &[Option<(i64, i64)>], wanted: &[i64]) -> String {
        let files = EntryFiles::new(&ledger(), &index(ranges)).holding(wanted);
        let mut names: Vec<&str> = files.iter().map(|f| &*f.path).collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[test]
    fn a_number_is_looked_for_where_it_may_be() {
        // Two groups of two files that interleave, and the two that compaction made of a third.
        let ranges = [(5, 9), (4, 8), (1, 3), (2, 2), (10, 40), (12, 12)].map(Some);
        for (wanted, expected) in [
            (vec![], ""),
            (vec![1], "2"),
            (vec![2], "2 3"),
            (vec![3, 4], "1 2"),
            (vec![9], "0"),
            (vec![12], "4 5"),
            (vec![39], "4"),
            (vec![0, 41], ""),
            ((1..=40).collect(), "0 1 2 3 4 5"),
        ] {
            assert_eq!(holding(&ranges, &wanted), expected, "{wanted:?}");
        }
    }

    #[test]
    fn a_file_that_does_not_tell_its_numbers_may_hold_any() {
        let ranges = [Some((1, 3)), None, Some((4, 6))];
        assert_eq!(holding(&ranges, &[5]), "1 2");
        assert_eq!(holding(&ranges, &[9]), "1");
    }

    #[test]
    fn it_is_of_one_index_only() {
        let (one, other) = (index(&[]), index(&[]));
        let files = EntryFiles::new(&ledger(), &one);
        assert!(files.is_of(&one) && !files.is_of(&other));
    }
}
