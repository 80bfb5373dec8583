//! The first-seen index: bytes a device as it grows, and the time of a lookup.

use std::hint::black_box;
use std::time::Instant;

use clap::Args;
use ledger::{Fingerprint, Index, IndexKey, Stored};

use crate::figures::{Outcome, say};
use crate::processor::resident_bytes;

/// Keys that are put or looked up in one call, as many as a micro-batch may have.
const CHUNK: u64 = 16_384;
/// Lookups that are timed at each size.
const LOOKUPS: u64 = 4_000_000;

/// Options of the bench.
#[derive(Args)]
pub struct IndexArgs {
    /// Sizes at which it is measured, in millions of devices.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 30])]
    millions: Vec<u64>,
}

/// Runs the bench.
pub fn run(args: &IndexArgs) -> Outcome {
    let mut sizes = args.millions.clone();
    sizes.sort_unstable();
    let resident_before = resident_bytes();
    let mut index = Index::with_key(IndexKey::new(*b"a key of benches"), usize::MAX);
    let mut made = 0;
    println!(
        "{:>12} {:>16} {:>18} {:>14} {:>14} {:>14}",
        "devices", "bytes a device", "resident a device", "insert ns", "hit ns", "miss ns"
    );
    for millions in sizes {
        let wanted = millions * 1_000_000;
        let (from, mut inserting) = (made, 0.0);
        while made < wanted {
            let end = (made + CHUNK).min(wanted);
            let keys: Vec<Fingerprint> = (made..end).map(|n| key(&index, n)).collect();
            let started = Instant::now();
            index.reserve(&keys)?;
            for (fingerprint, n) in keys.iter().zip(made..) {
                let n = n as i64;
                let stored = Stored {
                    at_ms: 1_700_000_000_000 + n,
                    entry: n,
                };
                index.set(*fingerprint, stored);
            }
            inserting += started.elapsed().as_secs_f64();
            made = end;
        }
        let insert_ns = inserting * 1e9 / (made - from).max(1) as f64;
        let bytes = index.bytes() as f64 / index.len() as f64;
        let resident = resident_bytes().saturating_sub(resident_before) as f64 / made as f64;
        let hit_ns = lookups(&index, |n| scattered(n) % made);
        let miss_ns = lookups(&index, |n| made + n);
        println!(
            "{made:>12} {bytes:>16.1} {resident:>18.1} {insert_ns:>14.1} {hit_ns:>14.1} {miss_ns:>14.1}"
        );
        say(
            &format!("index.{millions}m.bytes_a_device"),
            format!("{bytes:.1}"),
        );
        say(
            &format!("index.{millions}m.lookup_ns"),
            format!("{hit_ns:.1}"),
        );
    }
    Ok(())
}

/// A canonical device id with its product.
fn key(index: &Index, n: u64) -> Fingerprint {
    let device = format!("{:016x}{n:016x}", scattered(n));
    index.fingerprint(&["browser", &device])
}

/// Nanoseconds of a lookup, a micro-batch at a time; making the fingerprints isn't counted.
fn lookups(index: &Index, number: impl Fn(u64) -> u64) -> f64 {
    let mut spent = 0.0;
    for chunk in 0..LOOKUPS / CHUNK {
        let keys: Vec<Fingerprint> = (chunk * CHUNK..(chunk + 1) * CHUNK)
            .map(|n| key(index, number(n)))
            .collect();
        let started = Instant::now();
        black_box(index.lookup(black_box(&keys)));
        spent += started.elapsed().as_secs_f64();
    }
    spent * 1e9 / (LOOKUPS / CHUNK * CHUNK) as f64
}

/// Numbers in no order (the finalizer of splitmix64).
fn scattered(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
