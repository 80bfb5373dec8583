//! The Kafka that a bench runs against: one that is there, or one started from the tests' jars.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use tempfile::TempDir;

use crate::figures::Outcome;

/// How long Kafka may take to answer.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Any valid cluster id.
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qg";

/// Which Kafka.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct BrokerArgs {
    /// Bootstrap servers of a Kafka that runs.
    #[arg(long, conflicts_with = "kafka_jars")]
    pub brokers: Option<String>,
    /// The folder of Kafka's jars, to start one; `tests/run fetch` fills it.
    #[arg(long)]
    pub kafka_jars: Option<PathBuf>,
    /// Where the Kafka that is started keeps its log: a disk other than the engine's, or memory
    /// (/dev/shm), as a Kafka elsewhere doesn't share the engine's disk. The default is the folder
    /// for temporary files.
    #[arg(long, requires = "kafka_jars")]
    pub kafka_data: Option<PathBuf>,
}

/// A Kafka; one that was started ends with this value.
pub struct Broker {
    /// Its bootstrap servers.
    pub brokers: String,
    process: Option<Child>,
    _folder: Option<TempDir>,
}

impl Broker {
    /// Takes or starts it.
    pub fn new(args: &BrokerArgs) -> Outcome<Self> {
        match (&args.brokers, &args.kafka_jars) {
            (Some(brokers), _) => Ok(Self {
                brokers: brokers.clone(),
                process: None,
                _folder: None,
            }),
            (None, Some(jars)) => Self::start(jars, args.kafka_data.as_deref()),
            (None, None) => Err("give --brokers or --kafka-jars".into()),
        }
    }

    fn start(jars: &Path, data: Option<&Path>) -> Outcome<Self> {
        let folder = tempfile::Builder::new()
            .prefix("headwater-bench-kafka-")
            .tempdir_in(data.unwrap_or(&std::env::temp_dir()))?;
        let (port, controller) = (free_port()?, free_port()?);
        let properties = folder.path().join("server.properties");
        let data = folder.path().join("data");
        fs::write(&properties, server_properties(port, controller, &data))?;
        let class_path = format!("{}/*", jars.display());
        let log = folder.path().join("kafka.log");
        let formatted = Command::new("java")
            .args(["-cp", &class_path, "kafka.tools.StorageTool", "format"])
            .args(["-t", CLUSTER_ID, "-c"])
            .arg(&properties)
            .output()?;
        if !formatted.status.success() {
            let text = String::from_utf8_lossy(&formatted.stderr).into_owned();
            return Err(format!("cannot format Kafka's storage: {text}").into());
        }
        let output = File::create(&log)?;
        let process = Command::new("java")
            .args(["-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-cp", &class_path])
            .arg("kafka.Kafka")
            .arg(&properties)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let mut broker = Self {
            brokers: format!("127.0.0.1:{port}"),
            process: Some(process),
            _folder: Some(folder),
        };
        broker.wait(&log)?;
        Ok(broker)
    }

    fn wait(&mut self, log: &Path) -> Outcome {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(&self.brokers).is_err() {
            let ended = match &mut self.process {
                Some(process) => process.try_wait()?.is_some(),
                None => false,
            };
            if ended || Instant::now() > deadline {
                let text = fs::read_to_string(log).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(5).collect();
                return Err(format!("Kafka does not start: {}", last.join("\n")).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn server_properties(port: u16, controller: u16, data: &Path) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.hours=-1
num.network.threads=2
num.io.threads=2
",
        data.display()
    )
}
