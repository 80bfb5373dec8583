//! Tests of the workload: a reader of its own decrypts, parses and judges what was made.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::io::Read;

use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::catalog::Catalog;
use crate::clock::{ClockRule, event_time_ms};
use crate::defect::Defect;
use crate::device::{Device, mobile_device};
use crate::fact::{EventFact, Fact, Name, Outcome, Reason};
use crate::keys::Keys;
use crate::profile::Profile;
use crate::tie::tie;

const START_MS: i64 = 1_790_000_000_000;

fn records(profile: Profile, seeding: Seeding, events: u64) -> (Vec<Record>, Workload) {
    let mut workload = Workload::new(profile, &Keys::from_seed(1), seeding, 12);
    let mut records = Vec::new();
    let mut made = 0;
    while made < events || workload.has_queued() {
        let record = workload.next(START_MS + made as i64 / 20, usize::MAX);
        made += record.facts.event_count();
        records.push(record);
    }
    (records, workload)
}

/// What a reader makes of a record, written without the code under test.
struct Reader {
    keys: HashMap<String, Vec<u8>>,
    products: HashMap<String, Name>,
}

impl Reader {
    fn new() -> Self {
        let keys = Keys::from_seed(1);
        let catalog = Catalog::default();
        Self {
            keys: keys
                .keys()
                .iter()
                .map(|k| (k.id.clone(), k.secret.clone()))
                .collect(),
            products: catalog
                .applications()
                .iter()
                .map(|a| (a.app_key.clone(), a.product.clone()))
                .collect(),
        }
    }

    fn read(&self, record: &Record) -> Vec<Fact> {
        let whole = |reason| vec![Fact::dead_letter(-1, reason)];
        let value = record.value.as_deref().unwrap_or_default();
        let Ok(Value::Object(envelope)) = serde_json::from_slice(value) else {
            return whole(Reason::Malformed);
        };
        let Some(secret) = self.keys.get(envelope["key_id"].as_str().unwrap()) else {
            return whole(Reason::UnknownKey);
        };
        let Some(body) = open(secret, envelope["payload"].as_str().unwrap()) else {
            return whole(Reason::CannotDecrypt);
        };
        match serde_json::from_slice::<Vec<&RawValue>>(&body) {
            Ok(elements) if !elements.is_empty() => elements
                .iter()
                .zip(0..)
                .map(|(raw, at)| {
                    let whole = std::str::from_utf8(&body).unwrap();
                    let bytes = if elements.len() == 1 {
                        whole
                    } else {
                        raw.get()
                    };
                    self.element(raw.get(), bytes, at, record.received_ms)
                })
                .collect(),
            _ => whole(Reason::Malformed),
        }
    }

    fn element(&self, raw: &str, bytes: &str, at: i32, received_ms: i64) -> Fact {
        let Value::Object(event) = serde_json::from_str(raw).unwrap() else {
            return Fact::dead_letter(at, Reason::Malformed);
        };
        let event = Value::Object(event);
        let Some(product) = event["app_key"]
            .as_str()
            .and_then(|key| self.products.get(key))
        else {
            return Fact::dead_letter(at, Reason::UnknownAppKey);
        };
        let device = &event["device"];
        let Some(device) = mobile_device(device["oaid"].as_str(), device["android_id"].as_str())
        else {
            return Fact::dead_letter(at, Reason::BadDeviceId);
        };
        let (time_ms, clock_rule) = event_time_ms(
            event["time"].as_i64(),
            event["send_time"].as_i64(),
            received_ms,
        );
        let name = ["install", "activate", "launch", "upgrade"]
            .into_iter()
            .find(|name| event["event"] == **name)
            .unwrap();
        Fact {
            element: at,
            outcome: Outcome::Event,
            event: Some(EventFact {
                product: product.clone(),
                device: Device::parse(&device).unwrap(),
                channel: event["channel"]["id"].as_str().map(Name::from),
                event: name,
                event_time_us: time_ms * 1_000,
                clock_rule,
                tie: tie(event["event_id"].as_str(), bytes.as_bytes()),
                counts: name != "upgrade" && !event["test"].as_bool().unwrap(),
            }),
        }
    }
}

fn open(secret: &[u8], payload: &str) -> Option<Vec<u8>> {
    let sealed = STANDARD.decode(payload).ok()?;
    let (nonce, text) = sealed.split_at_checked(12)?;
    let nonce = GenericArray::from_slice(nonce);
    let plain = if secret.len() == 16 {
        Aes128Gcm::new(GenericArray::from_slice(secret)).decrypt(nonce, text)
    } else {
        Aes256Gcm::new(GenericArray::from_slice(secret)).decrypt(nonce, text)
    }
    .ok()?;
    if !plain.starts_with(&[0x1f, 0x8b]) {
        return Some(plain);
    }
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(plain.as_slice())
        .read_to_end(&mut inflated)
        .ok()?;
    Some(inflated)
}

#[test]
fn a_reader_finds_what_the_facts_say() {
    let reader = Reader::new();
    for (profile, seed) in [
        (Profile::mobile(), 7),
        (Profile::canonical(), 8),
        (Profile::batched(), 9),
    ] {
        let (records, _) = records(profile, Seeding::new(seed), 30_000);
        for (at, record) in records.iter().enumerate() {
            assert_eq!(
                reader.read(record),
                record.facts.facts,
                "record {at}: {record:?}"
            );
        }
    }
}

#[test]
fn a_seed_decides_every_byte() {
    let made = |seed| records(Profile::mobile(), Seeding::new(seed), 5_000).0;
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
}

#[test]
fn every_kind_of_defect_comes_up_in_20_000_events() {
    for seed in 0..5 {
        for profile in [Profile::mobile(), Profile::canonical()] {
            let (_, workload) = records(profile, Seeding::new(seed), 20_000);
            assert_eq!(
                workload.defects().missing(),
                Vec::<Defect>::new(),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn first_events_tie_across_channels_often_enough() {
    let (records, _) = records(Profile::mobile(), Seeding::new(3), 300_000);
    // For each device the events that are first in received and event time.
    type First = ((i64, i64), HashSet<Option<Name>>);
    let mut firsts: HashMap<(Name, Device), First> = HashMap::new();
    for record in &records {
        for event in record
            .facts
            .facts
            .iter()
            .filter_map(|fact| fact.event.as_ref())
        {
            if !event.counts {
                continue;
            }
            let order = (record.facts.received_us, event.event_time_us);
            let first = firsts
                .entry((event.product.clone(), event.device))
                .or_insert((order, HashSet::new()));
            if order < first.0 {
                *first = (order, HashSet::new());
            }
            if order == first.0 {
                first.1.insert(event.channel.clone());
            }
        }
    }
    let ties = firsts
        .values()
        .filter(|(_, channels)| channels.len() > 1)
        .count();
    let share = ties as f64 / firsts.len() as f64;
    assert!(
        share >= 0.005,
        "{ties} of {} first events tie",
        firsts.len()
    );
    let new_share = firsts.len() as f64 / 300_000.0;
    assert!((0.015..0.03).contains(&new_share), "{new_share}");
}

#[test]
fn withheld_devices_are_found_nowhere_else() {
    let reader = Reader::new();
    let (records, _) = records(
        Profile::mobile(),
        Seeding {
            withhold: 5,
            ..Seeding::new(4)
        },
        40_000,
    );
    let mut withheld = HashSet::new();
    let mut sent = HashSet::new();
    for record in &records {
        let read = reader.read(record);
        let devices = |facts: &[Fact]| -> Vec<(Name, Device)> {
            let events = facts.iter().filter_map(|fact| fact.event.as_ref());
            events
                .map(|event| (event.product.clone(), event.device))
                .collect()
        };
        sent.extend(devices(&read));
        let (known, beyond) = record.facts.facts.split_at(read.len());
        assert_eq!(known, read);
        assert_eq!(beyond.len(), record.withheld);
        assert!(
            beyond
                .iter()
                .all(|fact| fact.event.as_ref().unwrap().counts)
        );
        withheld.extend(devices(beyond));
    }
    assert_eq!(withheld.len(), 5);
    assert!(withheld.is_disjoint(&sent));
}

#[test]
fn devices_of_earlier_runs_return() {
    let (first, made) = records(Profile::mobile(), Seeding::new(5), 20_000);
    let earlier = vec![EarlierRun {
        run: 1,
        seed: 5,
        devices: made.devices_made(),
        withheld: 0,
    }];
    let second = Seeding {
        run: 2,
        earlier,
        ..Seeding::new(5)
    };
    let (second, _) = records(Profile::mobile(), second, 20_000);
    let devices = |records: &[Record]| -> HashSet<Device> {
        let facts = records.iter().flat_map(|record| &record.facts.facts);
        facts
            .filter_map(|fact| Some(fact.event.as_ref()?.device))
            .collect()
    };
    let (first, second) = (devices(&first), devices(&second));
    let known = first.intersection(&second).count();
    assert!(known > first.len() / 2, "{known} of {}", first.len());
    assert!(second.len() - known > 250);
}

#[test]
fn sizes_are_as_documented() {
    let (records, _) = records(Profile::canonical(), Seeding::new(6), 20_000);
    let plain = records.iter().filter(|r| r.facts.event_count() == 1);
    let sizes: Vec<usize> = plain.map(|r| r.value.as_ref().unwrap().len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((560..=640).contains(&mean), "mean {mean}");
    assert!(records.iter().all(|r| r.facts.facts.len() == 1));
}

#[test]
fn most_clocks_are_right_and_most_events_on_time() {
    let (records, workload) = records(Profile::mobile(), Seeding::new(11), 100_000);
    let events = records
        .iter()
        .flat_map(|r| &r.facts.facts)
        .filter_map(|f| f.event.as_ref());
    let replaced = events
        .filter(|e| e.clock_rule == ClockRule::Received)
        .count();
    assert!((300..2_500).contains(&replaced), "{replaced}");
    let wrong = [Defect::SkewedClock, Defect::WrongClock].map(|d| workload.defects().of(d));
    let share = wrong.iter().sum::<u64>() as f64 / 100_000.0;
    assert!((0.02..0.03).contains(&share), "{share}");
}
