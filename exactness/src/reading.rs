//! How much of a topic has been read.

use generator::books::Cut;

/// Records of one topic: how many it has, and how many of them were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Records below the topic's end.
    pub sent: i64,
    /// Those of them below the reader's positions.
    pub read: i64,
}

impl Reading {
    /// How much of a topic, by its id, a cut has read below an end.
    pub fn of(topic_id: &str, end: &Cut, cut: &Cut) -> Self {
        let mut reading = Self::default();
        for (id, partition, next_offset) in end.iter() {
            if id == topic_id {
                reading.sent += next_offset;
                reading.read += cut.get(id, partition).unwrap_or(0).clamp(0, next_offset);
            }
        }
        reading
    }

    /// Everything was read.
    pub fn is_complete(&self) -> bool {
        self.read >= self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_are_behind_or_unread_are_counted() {
        let end: Cut = [("a", 0, 10), ("a", 1, 20), ("earlier", 0, 99)]
            .into_iter()
            .collect();
        let behind: Cut = [("a", 0, 12)].into_iter().collect();
        let reading = Reading::of("a", &end, &behind);
        assert_eq!(reading, Reading { sent: 30, read: 10 });
        assert!(!reading.is_complete());
        let all: Cut = [("a", 0, 10), ("a", 1, 20)].into_iter().collect();
        assert!(Reading::of("a", &end, &all).is_complete());
    }
}
