//! What a version that was found means for the writer that wanted to put it.

/// Whose the group is that was found at the version of `system.commits` that a writer wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundGroup {
    /// The epoch of its writer.
    pub epoch: i64,
    /// Its writer's id.
    pub writer: String,
}

/// What follows for the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupVerdict {
    /// It is one's own: committed.
    Committed,
    /// Another writer took a higher epoch: stop, touch nothing.
    Fenced(FoundGroup),
    /// Another writer's, not of a higher epoch. Whoever is taking the epoch looks again; for a
    /// writer that has it this cannot be, since taking it made all versions before its own.
    Taken(FoundGroup),
}

/// What a group that was found means for a writer with this id and epoch.
pub fn decide_group(found: FoundGroup, my_writer: &str, my_epoch: i64) -> GroupVerdict {
    if found.writer == my_writer {
        GroupVerdict::Committed
    } else if found.epoch > my_epoch {
        GroupVerdict::Fenced(found)
    } else {
        GroupVerdict::Taken(found)
    }
}

/// The version that a group pins in a table, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundEntry {
    /// There is no such version.
    Nothing,
    /// An entry with the `txn` of a group.
    OfGroup(i64),
    /// An entry without Headwater's `txn`.
    Foreign,
}

/// What follows for the table's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryVerdict {
    /// Put the same bytes at the same version again.
    PutAgain,
    /// The commit is there.
    Done,
    /// The version is somebody else's: stop, call a person. Never the next free version.
    Foreign,
}

/// What a found version of a table means for the commit of a group.
pub fn decide_entry(found: FoundEntry, group: i64) -> EntryVerdict {
    match found {
        FoundEntry::Nothing => EntryVerdict::PutAgain,
        FoundEntry::OfGroup(found) if found == group => EntryVerdict::Done,
        FoundEntry::OfGroup(_) | FoundEntry::Foreign => EntryVerdict::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(epoch: i64, writer: &str) -> FoundGroup {
        FoundGroup {
            epoch,
            writer: writer.to_owned(),
        }
    }

    #[test]
    fn what_is_there_decides_about_a_group() {
        for (found, expected) in [
            (group(5, "a"), GroupVerdict::Committed),
            // One's own id decides, whatever the epoch.
            (group(4, "a"), GroupVerdict::Committed),
            (group(6, "a"), GroupVerdict::Committed),
            (group(6, "b"), GroupVerdict::Fenced(group(6, "b"))),
            (group(5, "b"), GroupVerdict::Taken(group(5, "b"))),
            (group(4, "b"), GroupVerdict::Taken(group(4, "b"))),
        ] {
            assert_eq!(decide_group(found.clone(), "a", 5), expected, "{found:?}");
        }
    }

    #[test]
    fn what_is_there_decides_about_a_table() {
        for (found, expected) in [
            (FoundEntry::Nothing, EntryVerdict::PutAgain),
            (FoundEntry::OfGroup(7), EntryVerdict::Done),
            (FoundEntry::OfGroup(6), EntryVerdict::Foreign),
            (FoundEntry::OfGroup(8), EntryVerdict::Foreign),
            (FoundEntry::Foreign, EntryVerdict::Foreign),
        ] {
            assert_eq!(decide_entry(found, 7), expected, "{found:?}");
        }
    }
}
