//! Starts and stops of an engine whose Kafka never answers: what the storage gives back.

use arrow::array::{
    ArrayRef, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use common::{Kind, LastEntries, position_fields};
use state::MicroBatch;

use super::*;
use crate::settings::{Layers, read};

/// A folder of tables, and the SQL that a start finds; both stay from one start to the next.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts with these ledgers, all fed from one table.
    fn start(&self, ledgers: &[&str]) -> Result<Engine> {
        let sql = self.folder.path().join("sql");
        let _ = std::fs::remove_dir_all(&sql);
        let write = |path: String, text: String| {
            let path = sql.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let columns = "product STRING NOT NULL, device STRING NOT NULL, channel STRING,
                       event_time TIMESTAMP NOT NULL, tie BINARY";
        write(
            "sources/raw.sql".into(),
            "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION 'raw-logs'".into(),
        );
        write(
            "tables/ev.sql".into(),
            format!("CREATE EXTERNAL TABLE ev ({columns}) STORED AS DELTA LOCATION 'ev'"),
        );
        write(
            "pipelines/feed.sql".into(),
            "INSERT INTO ev SELECT CAST(key AS STRING) AS product, CAST(value AS STRING) AS device,
             NULL AS channel, received AS event_time, NULL AS tie FROM raw"
                .into(),
        );
        for ledger in ledgers {
            write(
                format!("ledgers/{ledger}.sql"),
                format!(
                    "CREATE EXTERNAL TABLE {ledger} ({columns})
                     STORED AS LEDGER PARTITIONED BY (product) LOCATION '{ledger}' OPTIONS
                     ('key' 'product, device', 'order' 'received, event_time, tie, channel')"
                ),
            );
            write(
                format!("pipelines/{ledger}_feed.sql"),
                format!(
                    "INSERT INTO {ledger}
                     SELECT product, device, channel, event_time, tie FROM ev"
                ),
            );
        }
        let layers = Layers {
            flags: vec![
                "kafka.brokers=127.0.0.1:1".into(),
                "storage.free_bytes_min=0".into(),
                format!("storage.url={}", self.tables().display()),
                format!("sql.folder={}", sql.display()),
            ],
            ..Layers::default()
        };
        let settings = read(&layers).unwrap();
        let keys = udfs::keys::KeyRing::new([]).unwrap();
        Engine::start(&settings, &Arc::new(keys))
    }

    fn tables(&self) -> std::path::PathBuf {
        self.folder.path().join("tables")
    }

    fn snapshot(&self, ledger: &str) -> Vec<u8> {
        std::fs::read(self.tables().join("cache").join(format!("{ledger}.index"))).unwrap()
    }
}

fn events(engine: &Engine, devices: &[&str]) -> RecordBatch {
    let rows = devices.len();
    let state = engine.shared.publisher.current();
    let schema = state.table("ev").unwrap().def.schema.clone();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "product" => Arc::new(StringArray::from(vec!["browser"; rows])),
                "device" => Arc::new(StringArray::from(devices.to_vec())),
                "channel" => Arc::new(StringArray::from(vec!["a"; rows])),
                "tie" => Arc::new(BinaryArray::from_vec(vec![b"8 bytes!"; rows])),
                "position" => {
                    let zeros = Arc::new(Int32Array::from(vec![0; rows])) as ArrayRef;
                    let columns = vec![
                        Arc::new(StringArray::from(vec!["raw-logs"; rows])) as ArrayRef,
                        zeros.clone(),
                        zeros.clone(),
                        Arc::new(Int64Array::from_iter_values(0..rows as i64)),
                        zeros,
                    ];
                    Arc::new(StructArray::new(position_fields(), columns, None))
                }
                _ => Arc::new(TimestampMicrosecondArray::from(vec![0; rows]).with_timezone("UTC")),
            }
        })
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Publishes events as a source's flow does, with what they change in all ledgers.
fn publish(engine: &Engine, devices: &[&str]) {
    let rows = events(engine, devices);
    let mut flows = engine.shared.ledgers.flows.lock();
    let mut added = MicroBatch::default();
    for flow in flows.iter_mut() {
        if let Some(prepared) = futures::executor::block_on(flow.prepare(&rows)).unwrap() {
            let last_entry = prepared.last_entry();
            let entries = flow.ledger.apply(prepared).unwrap();
            added.last_entries.insert(flow.name.clone(), last_entry);
            added.rows.push((flow.name.clone(), entries));
        }
    }
    added.rows.push(("ev".into(), rows));
    engine.shared.publisher.publish(added, 0).unwrap();
}

fn last_entries(engine: &Engine) -> LastEntries {
    engine.shared.publisher.current().last_entries.clone()
}

fn entries(of: &[(&str, i64)]) -> LastEntries {
    of.iter()
        .map(|(ledger, entry)| (Arc::from(*ledger), *entry))
        .collect()
}

#[test]
fn each_ledger_goes_on_from_its_own_last_entry() {
    let place = Place::new();
    let engine = place.start(&["first"]).unwrap();
    publish(&engine, &["a", "b", "c"]);
    engine.stop().unwrap();

    // A ledger beside it.
    let engine = place.start(&["first", "second"]).unwrap();
    assert_eq!(last_entries(&engine), entries(&[("first", 3)]));
    publish(&engine, &["d", "e"]);
    engine.stop().unwrap();

    // One instead of it; what the other one has stays known.
    let both = entries(&[("first", 5), ("second", 2)]);
    for ledgers in [&["second"][..], &["first", "second"]] {
        let engine = place.start(ledgers).unwrap();
        assert_eq!(last_entries(&engine), both);
        engine.stop().unwrap();
    }
}

#[test]
fn a_ledger_whose_entries_are_not_those_committed_is_refused() {
    let place = Place::new();
    let engine = place.start(&["first"]).unwrap();
    // As if a file had got lost: the group says 4, the files hold 3.
    publish(&engine, &["a", "b", "c"]);
    let added = MicroBatch {
        last_entries: entries(&[("first", 4)]),
        ..MicroBatch::default()
    };
    engine.shared.publisher.publish(added, 0).unwrap();
    engine.stop().unwrap();
    std::fs::remove_dir_all(place.tables().join("cache")).unwrap();
    let error = place.start(&["first"]).unwrap_err();
    assert_eq!(error.kind, Kind::Data);
    assert!(
        error
            .to_string()
            .contains("ledger first: its last entry is 3"),
        "{error}"
    );
}

#[test]
fn a_ledger_file_that_is_torn_or_missing_is_named_with_the_remedy() {
    let place = Place::new();
    let engine = place.start(&["first"]).unwrap();
    publish(&engine, &["a", "b", "c"]);
    engine.stop().unwrap();
    std::fs::remove_dir_all(place.tables().join("cache")).unwrap();
    let folder = place.tables().join("first").join("product=browser");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let refused = |how: &str| {
        let error = place.start(&["first"]).unwrap_err();
        assert_eq!(error.kind, Kind::Data, "{how}: {error}");
        let said = error.to_string();
        let name = file.file_name().into_string().unwrap();
        for part in ["ledger first: ", name.as_str(), "restore it from a backup"] {
            assert!(said.contains(part), "{how}: {said}");
        }
    };
    let whole = std::fs::read(file.path()).unwrap();
    std::fs::write(file.path(), &whole[..whole.len() / 2]).unwrap();
    refused("torn");
    std::fs::remove_file(file.path()).unwrap();
    refused("missing");
    std::fs::write(file.path(), whole).unwrap();
    place.start(&["first"]).unwrap().stop().unwrap();
}

#[test]
fn the_index_comes_from_its_snapshot_at_every_start() {
    let place = Place::new();
    let started = |from_snapshot: Option<i64>, keys: usize| {
        let engine = place.start(&["first"]).unwrap();
        assert_eq!(
            engine.shared.ledgers.snapshot_on_disk("first"),
            from_snapshot
        );
        assert_eq!(
            engine.shared.ledgers.flows.lock()[0].ledger.index().len(),
            keys
        );
        engine
    };
    let engine = started(None, 0);
    publish(&engine, &["a", "b", "c"]);
    engine.stop().unwrap();

    // Nothing comes: the snapshot stays, and is good for any number of starts.
    let written = place.snapshot("first");
    for _ in 0..2 {
        started(Some(4), 3).stop().unwrap();
        assert!(place.snapshot("first") == written);
    }

    let engine = started(Some(4), 3);
    publish(&engine, &["d"]);
    engine.stop().unwrap();
    assert!(place.snapshot("first") != written);
    started(Some(5), 4).stop().unwrap();

    // One of another storage is not used.
    let other = Place::new();
    let engine = other.start(&["first"]).unwrap();
    publish(&engine, &["x", "y"]);
    engine.stop().unwrap();
    let path = place.tables().join("cache").join("first.index");
    std::fs::write(&path, other.snapshot("first")).unwrap();
    started(None, 4).stop().unwrap();
    started(Some(5), 4).stop().unwrap();
}
