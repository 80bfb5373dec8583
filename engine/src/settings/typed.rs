//! The settings in the types that the engine takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kafka::{KafkaSettings, ReaderSettings};

use super::load::Loaded;

/// Where the tables live.
#[derive(Clone)]
pub struct StorageSettings {
    /// `storage.url`
    pub url: String,
    /// `storage.options`
    pub options: BTreeMap<String, String>,
    /// The environment's `AWS_…` variables, beneath the options.
    pub s3_environment: BTreeMap<String, String>,
    /// `storage.free_bytes_min`
    pub free_bytes_min: u64,
    /// `fault.plan`
    pub fault_plan: Option<String>,
}

/// Options and environment may hold secrets.
impl std::fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageSettings")
            .field("url", &self.url)
            .field("free_bytes_min", &self.free_bytes_min)
            .finish_non_exhaustive()
    }
}

/// Where the SQL is.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    /// `sql.folder`
    pub folder: PathBuf,
    /// `sql.variables`
    pub variables: BTreeMap<String, String>,
}

/// Where and to whom Flight SQL answers.
#[derive(Clone)]
pub struct FlightSettings {
    /// `flight.listen`
    pub listen: String,
    /// `flight.user`
    pub user: String,
    /// `flight.password`
    pub password: Option<String>,
    /// `flight.password_file`
    pub password_file: Option<PathBuf>,
    /// `flight.token`
    pub token: Option<String>,
    /// `flight.token_file`
    pub token_file: Option<PathBuf>,
}

impl std::fmt::Debug for FlightSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlightSettings")
            .field("listen", &self.listen)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How micro-batches and commit groups are cut, and what they may take.
#[derive(Debug, Clone)]
pub struct IngestSettings {
    /// `ingest.threads`
    pub threads: usize,
    /// `ingest.memory_bytes_max`
    pub memory_bytes_max: usize,
    /// `ingest.index_bytes_max`
    pub index_bytes_max: usize,
    /// `ingest.micro_batch_ms`
    pub micro_batch: Duration,
    /// `ingest.micro_batch_records`
    pub micro_batch_records: usize,
    /// `ingest.micro_batch_bytes`
    pub micro_batch_bytes: usize,
    /// `ingest.commit_interval_ms`
    pub commit_interval: Duration,
    /// `ingest.commit_bytes`
    pub commit_bytes: usize,
    /// `fault.drop_row`
    pub drop_row: Option<String>,
}

impl IngestSettings {
    /// What a topic's reader is told.
    pub fn reader(&self) -> ReaderSettings {
        ReaderSettings {
            batch_rows_max: self.micro_batch_records,
            batch_bytes_max: self.micro_batch_bytes,
            batch_time_max: self.micro_batch,
            ..ReaderSettings::default()
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

impl From<&Loaded> for Settings {
    fn from(l: &Loaded) -> Self {
        let size = |name: &str| usize::try_from(l.number(name)).unwrap_or(usize::MAX);
        let ms = |name: &str| Duration::from_millis(l.number(name));
        let text = |name: &str| l.text(name).unwrap_or_default();
        let path = |name: &str| l.path(name).unwrap_or_default();
        Self {
            kafka: KafkaSettings {
                brokers: text("kafka.brokers"),
                properties: l.map("kafka.properties"),
                group: text("kafka.group"),
                client_id: text("kafka.client_id"),
            },
            storage: StorageSettings {
                url: l.location("storage.url").unwrap_or_default(),
                options: l.map("storage.options"),
                s3_environment: l.s3_environment(),
                free_bytes_min: l.number("storage.free_bytes_min"),
                fault_plan: l.text("fault.plan"),
            },
            sql: SqlSettings {
                folder: path("sql.folder"),
                variables: l.map("sql.variables"),
            },
            keys_file: path("keys.file"),
            flight: FlightSettings {
                listen: text("flight.listen"),
                user: text("flight.user"),
                password: l.text("flight.password"),
                password_file: l.path("flight.password_file"),
                token: l.text("flight.token"),
                token_file: l.path("flight.token_file"),
            },
            ingest: IngestSettings {
                threads: size("ingest.threads"),
                memory_bytes_max: size("ingest.memory_bytes_max"),
                index_bytes_max: size("ingest.index_bytes_max"),
                micro_batch: ms("ingest.micro_batch_ms"),
                micro_batch_records: size("ingest.micro_batch_records"),
                micro_batch_bytes: size("ingest.micro_batch_bytes"),
                commit_interval: ms("ingest.commit_interval_ms"),
                commit_bytes: size("ingest.commit_bytes"),
                drop_row: l.text("fault.drop_row"),
            },
            query: QuerySettings {
                threads: size("query.threads"),
                memory_bytes_max: size("query.memory_bytes_max"),
                spill_bytes_max: l.number("query.spill_bytes_max"),
                timeout: ms("query.timeout_ms"),
            },
            maintenance: MaintenanceSettings {
                threads: size("maintenance.threads"),
                memory_bytes_max: size("maintenance.memory_bytes_max"),
                checkpoint_every_groups: i64::try_from(
                    l.number("maintenance.checkpoint_every_groups"),
                )
                .unwrap_or(i64::MAX),
            },
        }
    }
}
