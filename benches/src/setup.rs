//! What a run of the engine needs: a folder, keys, settings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::settings::{Layers, Settings, read};
use generator::{Generation, Keys, Length, Options, Profile};
use tempfile::TempDir;
use udfs::keys::{KeyRing, SecretBytes};

use crate::figures::Outcome;
use crate::workloads::Measured;

/// The SQL folder that ships.
pub const SQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sql");

/// A folder that is deleted in the end, with the settings of an engine that writes there.
pub struct Setup {
    /// The settings, with all defaults.
    pub settings: Settings,
    /// The keys as clients have them.
    pub keys: Keys,
    /// The keys as the engine has them.
    pub ring: Arc<KeyRing>,
    /// The topic of the records.
    pub topic: String,
    /// The topic of the products.
    pub products_topic: String,
    /// Everything that the run writes; deleted in the end.
    _folder: TempDir,
}

impl Setup {
    /// Settings for a topic of these brokers; others are taken from the environment, as by the
    /// server. Topics are named after the run, so that a broker can be used again.
    pub fn new(brokers: &str, name: &str) -> Outcome<Self> {
        let folder = tempfile::Builder::new()
            .prefix("headwater-bench-")
            .tempdir()?;
        let keys = Keys::from_seed(7);
        let keys_file = folder.path().join("keys.toml");
        keys.write(&keys_file)?;
        let id = std::process::id();
        let topic = format!("mobile-logs-{name}-{id}");
        let products_topic = format!("products-{name}-{id}");
        let text = |path: &Path| path.display().to_string();
        let layers = Layers {
            flags: vec![
                format!("kafka.brokers={brokers}"),
                format!("storage.url={}", text(&folder.path().join("tables"))),
                format!("sql.folder={SQL}"),
                format!("sql.variables=mobile_topic={topic},products_topic={products_topic}"),
                format!("keys.file={}", text(&keys_file)),
            ],
            environment: Layers::process_environment(),
            ..Layers::default()
        };
        Ok(Self {
            settings: read(&layers).map_err(|faults| faults.join("\n"))?,
            ring: ring(&keys)?,
            keys,
            topic,
            products_topic,
            _folder: folder,
        })
    }

    /// What a generator is told that sends a profile's records to the topic, as fast as it goes.
    pub fn generator(&self, profile: Profile) -> Options {
        let mut options = Options::new(&self.settings.kafka.brokers, self.keys.clone());
        options.topic.clone_from(&self.topic);
        options.products_topic.clone_from(&self.products_topic);
        options.profile = profile;
        options.rate = None;
        options
    }

    /// Starts to write a workload to the topic, as fast as it goes: as many records as take the time
    /// of `canonical_records` of the canonical workload, about.
    pub fn write_topic(
        &self,
        measured: &Measured,
        canonical_records: u64,
        partitions: i32,
        seed: u64,
    ) -> Outcome<Generation> {
        let mut options = self.generator((measured.profile)());
        options.partitions = partitions;
        options.seed = seed;
        let records = canonical_records / measured.canonical_records_a_record;
        options.length = Length::Events(records * measured.events_a_record);
        Ok(Generation::start(
            options,
            Arc::new(AtomicBool::new(false)),
        )?)
    }
}

/// The engine's key ring of the generator's keys.
pub fn ring(keys: &Keys) -> Outcome<Arc<KeyRing>> {
    let keys = keys
        .keys()
        .iter()
        .map(|key| (key.id.clone(), SecretBytes::from(key.secret.clone())));
    Ok(Arc::new(KeyRing::new(keys)?))
}
