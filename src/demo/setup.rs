//! What a demo needs before it runs: folders, keys, a broker, a port, settings.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::settings::{Layers, Settings, read};
use generator::{Broker, Length, Options};
use tempfile::TempDir;
use udfs::keys::KeyRing;

use crate::cli::DemoArgs;
use crate::failure::{Failure, Outcome};
use crate::generate::{keys, properties};
use crate::key_file::KeyFile;
use crate::server::bind;
use crate::shipped::write_sql;

/// Partitions of the embedded broker's log topic.
const PARTITIONS: i32 = 12;
/// The topic of the products.
const PRODUCTS_TOPIC: &str = "products";

/// Everything that a demo holds while it runs.
pub struct Setup {
    /// The engine's settings.
    pub settings: Settings,
    /// The port.
    pub listener: TcpListener,
    /// The keys.
    pub ring: Arc<KeyRing>,
    folder: PathBuf,
    brokers: String,
    properties: BTreeMap<String, String>,
    embedded: Option<Broker>,
    temporary: TempDir,
}

impl Setup {
    /// Makes folders, keys and broker, and takes the port.
    pub fn new(args: &DemoArgs) -> Outcome<Self> {
        let temporary = tempfile::Builder::new()
            .prefix("headwater-demo-")
            .tempdir()?;
        let folder = args
            .data
            .clone()
            .unwrap_or_else(|| temporary.path().join("data"));
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::invalid(vec![format!("--data {}: {e}", folder.display())]))?;
        let folder = folder.canonicalize()?;
        let listener = bind(&args.listen, &flight_server::Credentials::open())?;
        let sql = match &args.sql {
            Some(folder) => folder.clone(),
            None => {
                let folder = temporary.path().join("sql");
                write_sql(&folder)?;
                folder
            }
        };
        keys(&folder.join("keys.toml"))?;
        let properties = properties(&args.property)?;
        let (brokers, embedded) = match &args.brokers {
            Some(brokers) => (brokers.clone(), None),
            None => {
                let broker = Broker::start()?;
                broker.create_topic(&args.topic, PARTITIONS)?;
                broker.create_topic(PRODUCTS_TOPIC, 1)?;
                (broker.brokers(), Some(broker))
            }
        };
        let kafka = Kafka {
            brokers: &brokers,
            properties: &properties,
            topic: &args.topic,
        };
        let settings = settings(&folder, &sql, &kafka)?;
        let ring = KeyFile::read(&settings.keys_file)?.ring()?;
        Ok(Self {
            settings,
            listener,
            ring,
            folder,
            brokers,
            properties,
            embedded,
            temporary,
        })
    }

    /// Where the log goes: the terminal shows the table.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("headwater.log")
    }

    /// Where the log stays when the run has failed: a folder that goes with the process gives it
    /// away first.
    pub fn keep_log(&self) -> PathBuf {
        let log = self.log_file();
        if !log.starts_with(self.temporary.path()) {
            return log;
        }
        let kept = std::env::temp_dir().join(format!("headwater-demo-{}.log", std::process::id()));
        match std::fs::copy(&log, &kept) {
            Ok(_) => kept,
            Err(_) => log,
        }
    }

    /// What the generator is to do.
    pub fn options(&self, args: &DemoArgs) -> Outcome<Options> {
        let keys = keys(&self.folder.join("keys.toml"))?;
        let mut options = if self.embedded.is_some() {
            Options::embedded(&self.brokers, keys)
        } else {
            Options::new(&self.brokers, keys)
        };
        options.properties.clone_from(&self.properties);
        options.topic.clone_from(&args.topic);
        PRODUCTS_TOPIC.clone_into(&mut options.products_topic);
        options.partitions = PARTITIONS;
        options.known_records_only = true;
        options.seed = args.seed;
        options.rate = (args.rate > 0).then_some(args.rate as f64);
        options.length = args.duration.map_or(Length::Endless, Length::For);
        options.withhold = u32::try_from(args.withhold)
            .map_err(|_| Failure::invalid(vec!["--withhold is too large".into()]))?;
        options.books = args.data.as_ref().map(|_| self.folder.join("books"));
        Ok(options)
    }
}

/// The Kafka that generator and engine share.
struct Kafka<'a> {
    brokers: &'a str,
    properties: &'a BTreeMap<String, String>,
    topic: &'a str,
}

fn settings(folder: &Path, sql: &Path, kafka: &Kafka<'_>) -> Outcome<Settings> {
    let text = |path: &Path| path.display().to_string();
    let mut flags = vec![
        format!("kafka.brokers={}", kafka.brokers),
        format!("storage.url={}", text(&folder.join("tables"))),
        format!("sql.folder={}", text(sql)),
        format!("sql.variables.mobile_topic={}", kafka.topic),
        format!("sql.variables.products_topic={PRODUCTS_TOPIC}"),
        format!("keys.file={}", text(&folder.join("keys.toml"))),
    ];
    let properties = kafka.properties.iter();
    flags.extend(properties.map(|(name, value)| format!("kafka.properties.{name}={value}")));
    read(&Layers {
        flags,
        ..Layers::default()
    })
    .map_err(Failure::invalid)
}
