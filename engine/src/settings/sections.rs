//! All sections together: what the rest of the engine takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kafka::KafkaSettings;

use super::flight::FlightSettings;
use super::ingest::IngestSettings;
use super::layers::Layers;
use super::reader::Reader;
use super::storage::StorageSettings;

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Section `kafka`.
    pub kafka: KafkaSettings,
    /// Section `storage`.
    pub storage: StorageSettings,
    /// Section `sql`.
    pub sql: SqlSettings,
    /// `keys.file`
    pub keys_file: PathBuf,
    /// Section `flight`.
    pub flight: FlightSettings,
    /// Section `ingest`.
    pub ingest: IngestSettings,
    /// Section `query`.
    pub query: QuerySettings,
    /// Section `maintenance`.
    pub maintenance: MaintenanceSettings,
}

/// Reads the settings; nothing else is touched. The error lists every fault, each naming the setting,
/// where it stands and what to do.
pub fn read(layers: &Layers) -> Result<Settings, Vec<String>> {
    let (reader, settings) = declare(layers);
    let faults = reader.faults();
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(faults)
    }
}

/// Declares the settings in the order of the documentation, and reads each.
pub(super) fn declare(layers: &Layers) -> (Reader, Settings) {
    let mut reader = Reader::new(layers);
    let from = &mut reader;
    let (_, s3_environment) = layers.variables();
    let settings = Settings {
        kafka: kafka(from),
        storage: StorageSettings::read(from, s3_environment),
        sql: SqlSettings::read(from),
        keys_file: from.path(
            "keys.file",
            "keys.toml",
            "The key ring file; readable by its owner only.",
        ),
        flight: FlightSettings::read(from),
        ingest: IngestSettings::read(from),
        query: QuerySettings::read(from),
        maintenance: MaintenanceSettings::read(from),
    };
    (reader, settings)
}

fn kafka(from: &mut Reader) -> KafkaSettings {
    let brokers = from.required(
        "kafka.brokers",
        "Kafka's bootstrap servers, `host:port,host:port`.",
    );
    let settings = KafkaSettings {
        // A missing one has its fault; with a stand-in, the others of the section are found.
        brokers: brokers.unwrap_or_else(|| "none:9092".to_owned()),
        properties: from.table(
            "kafka.properties",
            "Any librdkafka property, e.g. `security.protocol`; those that exactness rests on are refused.",
        ),
        group: from.text(
            "kafka.group",
            "headwater",
            "The group under which positions are written for lag tools. They are never read.",
        ),
        client_id: from.text(
            "kafka.client_id",
            "headwater",
            "The client id that the brokers see.",
        ),
    };
    from.add_faults(settings.faults());
    settings
}

/// Where the SQL is.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    /// `sql.folder`
    pub folder: PathBuf,
    /// `sql.variables`
    pub variables: BTreeMap<String, String>,
}

impl SqlSettings {
    fn read(from: &mut Reader) -> Self {
        Self {
            folder: from.path(
                "sql.folder",
                "sql",
                "The folder with sources, dimensions, tables, pipelines, ledgers and metrics.",
            ),
            variables: from.table(
                "sql.variables",
                "Values for `${name}` in the SQL folder; `${name:-value}` there has a default.",
            ),
        }
    }
}

/// What queries may take.
#[derive(Debug, Clone)]
pub struct QuerySettings {
    /// `query.threads`
    pub threads: usize,
    /// `query.memory_bytes_max`
    pub memory_bytes_max: usize,
    /// `query.spill_bytes_max`
    pub spill_bytes_max: u64,
    /// `query.timeout_ms`
    pub timeout: Duration,
}

impl QuerySettings {
    fn read(from: &mut Reader) -> Self {
        Self {
            threads: from.size("query.threads", 1..=256, 2, "Threads that queries run on."),
            memory_bytes_max: from.size(
                "query.memory_bytes_max",
                16 << 20..=1 << 40,
                2 << 30,
                "Memory that all queries together may take. One call of a function that makes much from little, like `repeat` or `range`, may make an eighth of it, and a 64th from constants alone.",
            ),
            spill_bytes_max: from.number(
                "query.spill_bytes_max",
                0..=1 << 44,
                4 << 30,
                "Bytes on disk, in the folder for temporary files, that all queries together may take for what doesn't fit into their memory; a query that needs more fails.",
            ),
            timeout: from.ms(
                "query.timeout_ms",
                1..=86_400_000,
                600_000,
                "How long one query may run.",
            ),
        }
    }
}

/// What maintenance may take.
#[derive(Debug, Clone)]
pub struct MaintenanceSettings {
    /// `maintenance.threads`
    pub threads: usize,
    /// `maintenance.memory_bytes_max`
    pub memory_bytes_max: usize,
    /// `maintenance.checkpoint_every_groups`
    pub checkpoint_every_groups: i64,
}

impl MaintenanceSettings {
    fn read(from: &mut Reader) -> Self {
        Self {
            threads: from.size(
                "maintenance.threads",
                1..=64,
                2,
                "Threads that commit groups and checkpoints are written on; as many files of a group are encoded at the same time.",
            ),
            memory_bytes_max: from.size(
                "maintenance.memory_bytes_max",
                16 << 20..=1 << 40,
                1 << 30,
                "Memory that maintenance queries may take.",
            ),
            checkpoint_every_groups: from
                .number(
                    "maintenance.checkpoint_every_groups",
                    1..=1_000_000,
                    200,
                    "Commit groups between two checkpoints of the Delta logs.",
                )
                .cast_signed(),
        }
    }
}
