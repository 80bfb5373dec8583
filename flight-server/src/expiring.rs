//! A bounded map whose entries end when they aren't used.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Holds at most so many entries, each for so long after its last use.
pub(crate) struct Expiring<K, V> {
    idle: Duration,
    count_max: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    entries: HashMap<K, Entry<V>>,
    swept_at: Instant,
}

struct Entry<V> {
    value: V,
    /// A spent entry still answers, and is the first to go when room is needed.
    spent: bool,
    used_at: Instant,
}

impl<K: Hash + Eq + Clone, V: Clone> Expiring<K, V> {
    pub(crate) fn new(idle: Duration, count_max: usize) -> Self {
        Self {
            idle,
            count_max: count_max.max(1),
            inner: Mutex::new(Inner {
                entries: HashMap::new(),
                swept_at: Instant::now(),
            }),
        }
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        if inner.entries.len() >= self.count_max || now - inner.swept_at > self.idle / 8 {
            inner.swept_at = now;
            inner.entries.retain(|_, e| now - e.used_at <= self.idle);
            if inner.entries.len() >= self.count_max {
                make_room(&mut inner.entries, self.count_max);
            }
        }
        inner.entries.insert(
            key,
            Entry {
                value,
                spent: false,
                used_at: now,
            },
        );
    }

    /// The entry, which counts as a use of it.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let entry = inner.entries.get_mut(key)?;
        if now - entry.used_at > self.idle {
            inner.entries.remove(key);
            return None;
        }
        entry.used_at = now;
        Some(entry.value.clone())
    }

    /// Removes every entry whose value is one of those.
    pub(crate) fn remove_all(&self, is_one: impl Fn(&V) -> bool) {
        self.inner.lock().entries.retain(|_, e| !is_one(&e.value));
    }

    pub(crate) fn remove(&self, key: &K) -> Option<V> {
        self.inner.lock().entries.remove(key).map(|e| e.value)
    }

    /// Marks an entry as one that probably isn't needed again.
    pub(crate) fn spend(&self, key: &K) {
        if let Some(entry) = self.inner.lock().entries.get_mut(key) {
            entry.spent = true;
        }
    }
}

/// Lets a sixteenth of the entries go at once, so that a full map doesn't sort for every insert.
fn make_room<K: Hash + Eq + Clone, V>(entries: &mut HashMap<K, Entry<V>>, count_max: usize) {
    let mut order: Vec<(bool, Instant, K)> = entries
        .iter()
        .map(|(k, e)| (!e.spent, e.used_at, k.clone()))
        .collect();
    order.sort_unstable_by_key(|(kept, used_at, _)| (*kept, *used_at));
    let surplus = entries.len() - count_max + 1 + count_max / 16;
    for (_, _, key) in order.into_iter().take(surplus) {
        entries.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_lets_spent_entries_go_first() {
        let map = Expiring::new(Duration::from_secs(60), 3);
        for k in 0..3 {
            map.insert(k, k * 10);
        }
        map.spend(&1);
        map.insert(3, 30);
        assert_eq!(map.get(&1), None);
        assert_eq!(
            (map.get(&0), map.get(&2), map.get(&3)),
            (Some(0), Some(20), Some(30))
        );
        map.insert(4, 40);
        assert_eq!(map.get(&0), None);
        assert_eq!(map.remove(&4), Some(40));
    }

    #[test]
    fn an_idle_entry_ends() {
        let map = Expiring::new(Duration::ZERO, 3);
        map.insert(1, 1);
        let deadline = Instant::now() + Duration::from_secs(5);
        while map.get(&1).is_some() && Instant::now() < deadline {
            std::hint::spin_loop();
        }
        assert_eq!(map.get(&1), None);
    }
}
