//! Every setting by name, with its kind, its default and what it is for.

/// What a setting's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A path; a relative one is below the configuration file's folder.
    Path,
    /// Text that is never shown.
    Secret,
    /// A whole number within limits, both included.
    Number {
        /// The least value.
        min: u64,
        /// The greatest value.
        max: u64,
    },
    /// A table of names and texts.
    Map,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `section.name`; in the environment `HEADWATER_SECTION_NAME`.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: SettingKind,
    /// The default; None where there is none: the setting is then empty, or must be given.
    pub default: Option<&'static str>,
    /// Whether a configuration without it is refused.
    pub required: bool,
    /// Left out of the documentation: for tests of the engine itself.
    pub hidden: bool,
    /// What it is for.
    pub doc: &'static str,
}

const fn setting(
    name: &'static str,
    kind: SettingKind,
    default: Option<&'static str>,
    doc: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        required: false,
        hidden: false,
        doc,
    }
}

const fn required(mut s: Setting) -> Setting {
    s.required = true;
    s
}

const fn hidden(mut s: Setting) -> Setting {
    s.hidden = true;
    s
}

const fn number(min: u64, max: u64) -> SettingKind {
    SettingKind::Number { min, max }
}

use SettingKind::{Map, Path, Secret, Text};

const GIB: u64 = 1 << 30;

/// Every setting, in the order of the documentation.
pub const SETTINGS: &[Setting] = &[
    required(setting(
        "kafka.brokers",
        Text,
        None,
        "Kafka's bootstrap servers, `host:port,host:port`.",
    )),
    setting(
        "kafka.properties",
        Map,
        None,
        "Any librdkafka property, e.g. `security.protocol`; those that exactness rests on are refused.",
    ),
    setting(
        "kafka.group",
        Text,
        Some("headwater"),
        "The group under which positions are written for lag tools. They are never read.",
    ),
    setting(
        "kafka.client_id",
        Text,
        Some("headwater"),
        "The client id that the brokers see.",
    ),
    required(setting(
        "storage.url",
        Text,
        None,
        "Where the tables live: a folder (a relative one is below the configuration file's folder), `file:///…` or `s3://bucket/prefix`.",
    )),
    setting(
        "storage.options",
        Map,
        None,
        "Options of the object store, e.g. `aws_region`, `aws_endpoint`; of S3, what is not given \
         is taken from the environment's `AWS_…` variables.",
    ),
    setting(
        "storage.free_bytes_min",
        number(0, u64::MAX),
        Some("1073741824"),
        "Free bytes below which the engine refuses to start (local folders only).",
    ),
    setting(
        "sql.folder",
        Path,
        Some("sql"),
        "The folder with sources, dimensions, tables, pipelines, ledgers and metrics.",
    ),
    setting(
        "sql.variables",
        Map,
        None,
        "Values for `${name}` in the SQL folder; `${name:-value}` there has a default.",
    ),
    setting(
        "keys.file",
        Path,
        Some("keys.toml"),
        "The key ring file; readable by its owner only.",
    ),
    setting(
        "flight.listen",
        Text,
        Some("127.0.0.1:50051"),
        "The address that Flight SQL listens on; port 0 takes a free one. One that other machines reach is refused unless somebody has to log in (`flight.password_file`, `flight.token_file`). Passwords and tokens travel in plain text: put a proxy that speaks TLS before such an address.",
    ),
    setting(
        "flight.user",
        Text,
        Some("headwater"),
        "The user that may log in with the password.",
    ),
    setting(
        "flight.password",
        Secret,
        None,
        "The user's password; better in `flight.password_file`.",
    ),
    setting(
        "flight.password_file",
        Path,
        None,
        "A file with the user's password.",
    ),
    setting(
        "flight.token",
        Secret,
        None,
        "A bearer token that may log in; better in `flight.token_file`.",
    ),
    setting(
        "flight.token_file",
        Path,
        None,
        "A file with bearer tokens, one a line.",
    ),
    setting(
        "ingest.threads",
        number(1, 64),
        Some("2"),
        "Threads that micro-batches are decrypted and parsed on.",
    ),
    setting(
        "ingest.memory_bytes_max",
        number(64 << 20, 1 << 40),
        Some("2147483648"),
        "Bytes that may wait in memory for their commit group; above it, reading pauses.",
    ),
    setting(
        "ingest.index_bytes_max",
        number(64 << 10, 1 << 40),
        Some("8589934592"),
        "Bytes that the first-seen index may take; above it, ingestion stops with an error.",
    ),
    setting(
        "ingest.micro_batch_ms",
        number(1, 10_000),
        Some("50"),
        "How long a micro-batch is collected at the most.",
    ),
    setting(
        "ingest.micro_batch_records",
        number(1, 65_536),
        Some("16384"),
        "Records in a micro-batch at the most.",
    ),
    setting(
        "ingest.micro_batch_bytes",
        number(1 << 10, GIB),
        Some("16777216"),
        "Bytes of keys and values in a micro-batch at the most.",
    ),
    setting(
        "ingest.commit_interval_ms",
        number(100, 3_600_000),
        Some("10000"),
        "The longest time between two commit groups while there is something to commit.",
    ),
    setting(
        "ingest.commit_bytes",
        number(1 << 20, 1 << 40),
        Some("268435456"),
        "Bytes in memory that start a commit group before its time.",
    ),
    setting(
        "query.threads",
        number(1, 256),
        Some("2"),
        "Threads that queries run on.",
    ),
    setting(
        "query.memory_bytes_max",
        number(16 << 20, 1 << 40),
        Some("2147483648"),
        "Memory that all queries together may take. One call of a function that makes much from little, like `repeat` or `range`, may make an eighth of it, and a 64th from constants alone.",
    ),
    setting(
        "query.spill_bytes_max",
        number(0, 1 << 44),
        Some("4294967296"),
        "Bytes on disk, in the folder for temporary files, that all queries together may take for what doesn't fit into their memory; a query that needs more fails.",
    ),
    setting(
        "query.timeout_ms",
        number(1, 86_400_000),
        Some("600000"),
        "How long one query may run.",
    ),
    setting(
        "maintenance.threads",
        number(1, 64),
        Some("2"),
        "Threads that commit groups and checkpoints are written on; as many files of a group are encoded at the same time.",
    ),
    setting(
        "maintenance.memory_bytes_max",
        number(16 << 20, 1 << 40),
        Some("1073741824"),
        "Memory that maintenance queries may take.",
    ),
    setting(
        "maintenance.checkpoint_every_groups",
        number(1, 1_000_000),
        Some("200"),
        "Commit groups between two checkpoints of the Delta logs.",
    ),
    hidden(setting(
        "fault.plan",
        Text,
        None,
        "Faults to inject into the object store.",
    )),
    hidden(setting(
        "fault.drop_row",
        Text,
        None,
        "A row to lose between reading and publishing.",
    )),
];
