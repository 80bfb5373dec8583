//! What a demo needs before it runs: folders, keys, a broker, a port, settings.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::settings::{Layers, Settings, load};
use generator::{Broker, Length, Options};
use tempfile::TempDir;
use udfs::keys::KeyRing;

use crate::cli::DemoArgs;
use crate::failure::{Failure, Outcome};
use crate::generate::keys;
use crate::key_file::KeyFile;
use crate::server::bind;
use crate::shipped::write_sql;

/// Partitions of the embedded broker's log topic.
const PARTITIONS: i32 = 12;

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
    embedded: Option<Broker>,
    _temporary: TempDir,
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
        let (brokers, embedded) = match &args.brokers {
            Some(brokers) => (brokers.clone(), None),
            None => {
                let broker = Broker::start()?;
                broker.create_topic("mobile-logs", PARTITIONS)?;
                broker.create_topic("products", 1)?;
                (broker.brokers(), Some(broker))
            }
        };
        let settings = settings(&folder, &sql, &brokers)?;
        let ring = KeyFile::read(&settings.keys_file)?.ring()?;
        Ok(Self {
            settings,
            listener,
            ring,
            folder,
            brokers,
            embedded,
            _temporary: temporary,
        })
    }

    /// Where the log goes: the terminal shows the table.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("headwater.log")
    }

    /// What the generator is to do.
    pub fn options(&self, args: &DemoArgs) -> Outcome<Options> {
        let keys = keys(&self.folder.join("keys.toml"))?;
        let mut options = if self.embedded.is_some() {
            Options::embedded(&self.brokers, keys)
        } else {
            Options::new(&self.brokers, keys)
        };
        options.partitions = PARTITIONS;
        options.seed = args.seed;
        options.rate = (args.rate > 0).then_some(args.rate as f64);
        options.length = args.duration.map_or(Length::Endless, Length::For);
        options.withhold = u32::try_from(args.withhold)
            .map_err(|_| Failure::invalid(vec!["--withhold is too large".into()]))?;
        options.books = args.data.as_ref().map(|_| self.folder.join("books"));
        Ok(options)
    }
}

fn settings(folder: &Path, sql: &Path, brokers: &str) -> Outcome<Settings> {
    let text = |path: &Path| path.display().to_string();
    let flags = vec![
        format!("kafka.brokers={brokers}"),
        format!("storage.url={}", text(&folder.join("tables"))),
        format!("sql.folder={}", text(sql)),
        "sql.variables=mobile_topic=mobile-logs,products_topic=products".to_owned(),
        format!("keys.file={}", text(&folder.join("keys.toml"))),
    ];
    let layers = Layers {
        flags,
        ..Layers::default()
    };
    load(&layers)
        .map(|loaded| Settings::from(&loaded))
        .map_err(Failure::invalid)
}
