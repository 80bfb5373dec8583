//! The backlog: bytes of each partition that were sent and nobody has read.

use std::collections::VecDeque;

/// What the broker keeps with a record besides key and value, about.
const OVERHEAD_BYTES: u64 = 80;

#[derive(Default)]
struct Partition {
    unread_bytes: u64,
    /// Offset and bytes of what was delivered and not read, in order.
    delivered: VecDeque<(i64, u64)>,
    next_read: i64,
}

#[derive(Default)]
pub(crate) struct Backlog {
    partitions: Vec<Partition>,
}

impl Backlog {
    pub(crate) fn sent(&mut self, partition: i32, bytes: usize) {
        if let Some(partition) = self.partition(partition) {
            partition.unread_bytes += bytes as u64 + OVERHEAD_BYTES;
        }
    }

    pub(crate) fn delivered(&mut self, partition: i32, offset: i64, bytes: usize) {
        if let Some(partition) = self.partition(partition) {
            let bytes = bytes as u64 + OVERHEAD_BYTES;
            if offset < partition.next_read {
                partition.unread_bytes = partition.unread_bytes.saturating_sub(bytes);
            } else {
                partition.delivered.push_back((offset, bytes));
            }
        }
    }

    pub(crate) fn failed(&mut self, partition: i32, bytes: usize) {
        if let Some(partition) = self.partition(partition) {
            let bytes = bytes as u64 + OVERHEAD_BYTES;
            partition.unread_bytes = partition.unread_bytes.saturating_sub(bytes);
        }
    }

    pub(crate) fn read_up_to(&mut self, partition: i32, next_offset: i64) {
        let Some(partition) = self.partition(partition) else {
            return;
        };
        partition.next_read = partition.next_read.max(next_offset);
        while let Some(&(offset, bytes)) = partition.delivered.front()
            && offset < next_offset
        {
            partition.delivered.pop_front();
            partition.unread_bytes = partition.unread_bytes.saturating_sub(bytes);
        }
    }

    /// The bytes of the partition that is furthest behind.
    pub(crate) fn unread_bytes_max(&self) -> u64 {
        self.partitions
            .iter()
            .map(|partition| partition.unread_bytes)
            .max()
            .unwrap_or(0)
    }

    fn partition(&mut self, partition: i32) -> Option<&mut Partition> {
        let index = usize::try_from(partition).ok()?;
        if index >= self.partitions.len() {
            self.partitions.resize_with(index + 1, Partition::default);
        }
        self.partitions.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_frees_what_was_delivered_whichever_comes_first() {
        let mut backlog = Backlog::default();
        for _ in 0..3 {
            backlog.sent(4, 100);
        }
        assert_eq!(backlog.unread_bytes_max(), 3 * 180);
        backlog.delivered(4, 0, 100);
        backlog.read_up_to(4, 2);
        assert_eq!(backlog.unread_bytes_max(), 2 * 180);
        backlog.delivered(4, 1, 100);
        assert_eq!(backlog.unread_bytes_max(), 180);
        backlog.failed(4, 100);
        assert_eq!(backlog.unread_bytes_max(), 0);
    }
}
