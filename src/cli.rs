//! The command line: every command with its options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::duration::parse_duration;

/// Tells a company where its new users come from: encrypted device logs on Kafka become exact
/// new-user counts over Arrow Flight SQL.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole job on this machine with generated logs, and compare it with the generator's
    /// books
    Demo(DemoArgs),
    /// Run the engine against a Kafka, and serve Flight SQL
    Serve(ServeArgs),
    /// Ask a running server in SQL
    Sql(SqlArgs),
    /// Plan the SQL folder without running it
    Check(CheckArgs),
    /// Send generated encrypted logs to a Kafka, and write the books of what was sent
    Generate(GenerateArgs),
    /// Make a key ring file, add a key to it, list its key ids
    Keys(KeysArgs),
}

/// Options of `headwater demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Events per second
    #[arg(long, default_value_t = 20_000)]
    pub rate: u64,
    /// How long the generator runs, e.g. 30s or 5m; without it, until Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<std::time::Duration>,
    /// The seed that everything but the clock follows from
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Keep tables, keys and books in this folder, and go on with what is there
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A real Kafka instead of the embedded broker
    #[arg(long, value_name = "LIST")]
    pub brokers: Option<String>,
    /// A librdkafka property for that Kafka, e.g. security.protocol=SASL_SSL or sasl.username=NAME;
    /// may be given several times
    #[arg(long, value_name = "NAME=VALUE", requires = "brokers")]
    pub property: Vec<String>,
    /// The topic of the logs
    #[arg(long, default_value = "mobile-logs")]
    pub topic: String,
    /// End after --for; exit code 0 only if every product, channel and hour agrees with the books
    #[arg(long, requires = "duration")]
    pub exit: bool,
    /// Book this many records that are not sent: the comparison must then fail and name the devices
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub withhold: u64,
    /// How long the engine may take, after the generator's end, to read what was sent; a run that
    /// takes longer has failed
    #[arg(long, default_value = "120s", value_name = "TIME", value_parser = parse_duration)]
    pub read_within: std::time::Duration,
    /// The address that Flight SQL listens on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    pub listen: String,
    /// A SQL folder instead of the one that ships
    #[arg(long, value_name = "DIR")]
    pub sql: Option<PathBuf>,
}

/// Options of `headwater serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Overrules a setting, e.g. --set ingest.commit_interval_ms=1000
    #[arg(long, value_name = "SECTION.NAME=VALUE")]
    pub set: Vec<String>,
    /// The address that Flight SQL listens on, in place of flight.listen
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

/// Options of `headwater sql`.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The statement
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    pub command: String,
    /// The server
    #[arg(long, default_value = "grpc://127.0.0.1:50051", env = "HEADWATER_URL")]
    pub url: String,
    /// Log in as this user
    #[arg(long, default_value = "headwater")]
    pub user: String,
    /// A file with the user's password
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// A file with a bearer token
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub token_file: Option<PathBuf>,
    /// Answer from what has been read so far while the server is catching up
    #[arg(long)]
    pub allow_catching_up: bool,
    /// How the rows are printed
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// How `headwater sql` prints rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// A table for people
    Table,
    /// Comma-separated values with a header
    Csv,
}

/// Options of `headwater check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The configuration file whose SQL folder and variables are checked
    #[arg(long, value_name = "FILE", required_unless_present = "sql")]
    pub config: Option<PathBuf>,
    /// Overrules a setting of the configuration file, as for `headwater serve`
    #[arg(long, value_name = "SECTION.NAME=VALUE", requires = "config")]
    pub set: Vec<String>,
    /// A SQL folder, without a configuration file
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub sql: Option<PathBuf>,
    /// A value for ${name} in the SQL folder
    #[arg(long, value_name = "NAME=VALUE")]
    pub variable: Vec<String>,
}

/// Options of `headwater generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Kafka's bootstrap servers
    #[arg(long, value_name = "LIST")]
    pub brokers: String,
    /// A librdkafka property, e.g. security.protocol=SASL_SSL or sasl.username=NAME; may be given
    /// several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub property: Vec<String>,
    /// The folder that the books are written to; what is there is continued
    #[arg(long, value_name = "DIR")]
    pub books: PathBuf,
    /// The key ring file; made if it isn't there
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// Events per second; 0 for as fast as it goes
    #[arg(long, default_value_t = 20_000)]
    pub rate: u64,
    /// How long to run, e.g. 30s or 5m; without it and --events, until Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<std::time::Duration>,
    /// How many events to send
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// The seed that everything but the clock follows from
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Book this many records that are not sent
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub withhold: u64,
    /// Partitions of the log topic, if it has to be made
    #[arg(long, default_value_t = 12)]
    pub partitions: i32,
    /// The topic of the logs
    #[arg(long, default_value = "mobile-logs")]
    pub topic: String,
    /// The topic of the products
    #[arg(long, default_value = "products")]
    pub products_topic: String,
    /// Send the same records in another order and partitioning, timestamps kept (with --events)
    #[arg(long, requires = "events", value_name = "SEED")]
    pub shuffle_seed: Option<u64>,
    /// The instant that the trace starts at, in milliseconds since the epoch (with --events)
    #[arg(long, requires = "events", value_name = "MS")]
    pub start: Option<i64>,
    /// One event a record of about 600 bytes, without gzip: the workload of the benches
    #[arg(long)]
    pub canonical: bool,
}

/// Options of `headwater keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// What to do with the key ring.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What `headwater keys` does.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Make a key ring file with one fresh key
    Make {
        /// The file to make; refused if it is there
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The key's id
        #[arg(long, default_value = "m1")]
        id: String,
        /// The key's length in bits
        #[arg(long, default_value_t = 256, value_parser = parse_bits)]
        bits: usize,
    },
    /// Add a key to a key ring file: a fresh one, or one read from standard input in base64
    Add {
        /// The file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The key's id
        #[arg(long)]
        id: String,
        /// The length of a fresh key in bits
        #[arg(long, default_value_t = 256, value_parser = parse_bits)]
        bits: usize,
        /// Read the key from standard input, in base64
        #[arg(long)]
        stdin: bool,
    },
    /// List key ids and lengths
    List {
        /// The file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Print the keys themselves, in base64
        #[arg(long)]
        show_secrets: bool,
    },
}

fn parse_bits(text: &str) -> Result<usize, String> {
    match text {
        "128" => Ok(128),
        "256" => Ok(256),
        _ => Err("a key has 128 or 256 bits".into()),
    }
}
