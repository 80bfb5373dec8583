//! The index against a hash map, its size, and its snapshots.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;

use common::Kind;
use proptest::prelude::*;

use super::shard::Shard;
use super::slot::{ENTRY_MAX, Slot};
use super::*;

fn key() -> IndexKey {
    IndexKey::new(*b"a key for tests!")
}

/// Well-spread fingerprints without hashing.
fn fingerprint(i: u64) -> Fingerprint {
    let mixed = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Fingerprint {
        high: (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9),
        low: i as u32,
    }
}

fn stored(at_ms: i64, entry: i64) -> Stored {
    Stored { at_ms, entry }
}

fn filled(n: u64) -> Index {
    let mut index = Index::with_key(key(), usize::MAX);
    for i in 0..n {
        index.set(fingerprint(i), stored(i as i64, i as i64));
    }
    index
}

#[test]
fn a_slot_keeps_what_it_is_given() {
    let f = Fingerprint {
        high: u64::MAX,
        low: 7,
    };
    for at_ms in [
        stored_ms(None),
        stored_ms(Some(i64::MIN)),
        stored_ms(Some(i64::MAX)),
        -1,
        0,
        1,
    ] {
        for entry in [0, 1, 1 << 32, ENTRY_MAX] {
            let slot = Slot::new(f, stored(at_ms, entry));
            assert_eq!(
                (slot.fingerprint(), slot.stored()),
                (f, stored(at_ms, entry))
            );
            assert!(!slot.is_empty());
            assert_eq!(Slot::from_bytes(&slot.to_bytes()), slot);
        }
    }
    assert!(Slot::EMPTY.is_empty());
}

#[test]
fn stored_times_are_monotone() {
    let times = [
        None,
        Some(i64::MAX),
        Some(1_000),
        Some(999),
        Some(0),
        Some(-1),
        Some(i64::MIN),
    ];
    let kept: Vec<i64> = times.into_iter().map(stored_ms).collect();
    assert!(kept.is_sorted_by(|a, b| a >= b));
    assert_eq!(&kept[2..6], &[1, 0, 0, -1]);
}

proptest! {
    /// Fingerprints that crowd into few places, so that runs are long and reach the slack.
    #[test]
    fn a_shard_is_a_map(
        steps in prop::collection::vec((0..6_u64, 0..40_u32, any::<bool>()), 1..400),
        shift in prop::sample::select(vec![0_u32, 20, 51]),
    ) {
        let mut shard = Shard::default();
        let mut model = BTreeMap::new();
        for (i, (high, low, remove)) in steps.into_iter().enumerate() {
            let f = Fingerprint { high: high << shift, low };
            let value = stored(i as i64, i as i64);
            if remove {
                prop_assert_eq!(shard.remove(f), model.remove(&f));
            } else {
                prop_assert_eq!(shard.set(f, value), model.insert(f, value));
            }
            prop_assert_eq!(shard.len(), model.len());
        }
        for high in 0..6 {
            for low in 0..40 {
                let f = Fingerprint { high: high << shift, low };
                prop_assert_eq!(shard.get(f), model.get(&f).copied());
            }
        }
        let found: Vec<_> = shard.iter().map(|s| (s.fingerprint(), s.stored())).collect();
        prop_assert_eq!(found, model.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn an_index_is_a_map(steps in prop::collection::vec((0..3000_u64, any::<bool>()), 1..6000)) {
        let mut index = Index::with_key(key(), usize::MAX);
        let mut model = BTreeMap::new();
        for (i, (of, remove)) in steps.into_iter().enumerate() {
            let (f, value) = (fingerprint(of), stored(i as i64, i as i64));
            if remove {
                prop_assert_eq!(index.remove(f), model.remove(&f));
            } else {
                prop_assert_eq!(index.set(f, value), model.insert(f, value));
            }
        }
        prop_assert_eq!(index.len(), model.len());
        let all: Vec<_> = (0..3000).map(fingerprint).collect();
        let expected: Vec<_> = all.iter().map(|f| model.get(f).copied()).collect();
        prop_assert_eq!(index.lookup(&all), expected);
        prop_assert_eq!(index.iter().collect::<BTreeMap<_, _>>(), model);
        let recounted = Index::from_shards(index.key, index.shards.clone(), usize::MAX);
        prop_assert_eq!((recounted.len(), recounted.bytes()), (index.len(), index.bytes()));
    }
}

/// The bound holds at every size from 200,000 on, so also right after the shards have grown.
#[test]
fn at_most_40_bytes_a_device_at_every_size_up_to_a_million() {
    let mut index = Index::with_key(key(), usize::MAX);
    let mut worst = 0.0_f64;
    for i in 0..1_000_000_u64 {
        let f = index.fingerprint(&["browser", &format!("{i:016x}")]);
        index.set(f, stored(i as i64, i as i64));
        if i >= 200_000 && i % 100 == 0 {
            worst = worst.max(index.bytes() as f64 / index.len() as f64);
        }
    }
    assert!(worst <= 40.0, "{worst}");
    assert_eq!(index.len(), 1_000_000);
    let f = index.fingerprint(&["browser", &format!("{:016x}", 999_999)]);
    assert_eq!(index.get(f), Some(stored(999_999, 999_999)));
}

#[test]
fn the_ceiling_is_checked_before_growing() {
    let mut index = filled(10_000);
    let bytes = index.bytes();
    index = Index::from_shards(index.key, index.shards.clone(), bytes);
    let more: Vec<_> = (10_000..20_000).map(fingerprint).collect();
    let error = index.reserve(&more).unwrap_err();
    assert_eq!(error.kind, Kind::Exhausted);
    assert_eq!((index.bytes(), index.len()), (bytes, 10_000));
    // Room that is there already may be used.
    index.reserve(&more[..0]).unwrap();
    let mut index = Index::from_shards(index.key, index.shards.clone(), 2 * bytes);
    index.reserve(&more).unwrap();
    let reserved = index.bytes();
    assert!(reserved <= 2 * bytes);
    for f in more {
        index.set(f, stored(0, 0));
    }
    assert_eq!(index.bytes(), reserved);
}

#[test]
fn a_snapshot_has_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache/new_user_ledger.index");
    let mut index = filled(5_000);
    let committed: Vec<_> = index.iter().collect();
    // After the commit: a new key, a key with another entry, a key that is unknown again.
    let before = [5_000, 1, 2].map(|i| (fingerprint(i), index.get(fingerprint(i))));
    index.set(fingerprint(5_000), stored(1, 5_000));
    index.set(fingerprint(1), stored(0, 5_002));
    index.remove(fingerprint(2));
    let frozen = Frozen::new(&index, before, "ledger by device", 5_000);
    // The index goes on while the snapshot is written.
    index.set(fingerprint(3), stored(7, 7_000));
    frozen.write(&path, "12 abcd").unwrap();
    let (read, header) = read_snapshot(&path, usize::MAX, |_| true).unwrap().unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), committed);
    assert_eq!(read.len(), 5_000);
    assert_eq!(read.fingerprint(&["d"]), index.fingerprint(&["d"]));
    let expected = SnapshotHeader {
        definition: "ledger by device".into(),
        group: "12 abcd".into(),
        next_entry: 5_000,
    };
    assert_eq!(header, expected);
    // Nothing is left beside it, and a ceiling holds for what is read too.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(
        read_snapshot(&path, 1_000, |_| true).unwrap_err().kind,
        Kind::Exhausted
    );
}

#[test]
fn a_missing_foreign_or_broken_snapshot_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let read = || read_snapshot(&path, usize::MAX, |h| h.group == "12 abcd").unwrap();
    assert!(read().is_none(), "missing");
    let index = filled(300);
    let frozen = || Frozen::new(&index, [], "ledger", 300);
    frozen().write(&path, "11 beef").unwrap();
    assert!(read().is_none(), "foreign");
    frozen().write(&path, "12 abcd").unwrap();
    assert!(read().is_some());
    let whole = fs::read(&path).unwrap();
    for at in (0..100).chain((100..whole.len()).step_by(11)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, bytes).unwrap();
        assert!(read().is_none(), "bit flipped in byte {at}");
    }
    for length in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read().is_none(), "cut to {length}");
    }
    fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(read().is_none(), "longer");
}
