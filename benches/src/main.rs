//! The `headwater-benches` binary: one file a bench.
//!
//! Every bench prints a table for people and a line `name = value` for each figure that somebody may
//! want to compare. `docs/BENCHMARKS.md` has the first figures; `benches/run` runs it all.

mod bare;
mod broker;
mod commit;
mod drained;
mod exactness;
mod figures;
mod freshness;
mod index;
mod ingest;
mod material;
mod processor;
mod setup;
mod stages;
mod workloads;

use clap::{Parser, Subcommand};

/// The same allocator as that of the server: pages stay mapped once touched.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How fast Headwater is, beside what bounds it.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Drains a topic with a bare consumer, then through the whole path into committed tables.
    Ingest(ingest::IngestArgs),
    /// Times each stage of the hot path on warm micro-batches, without Kafka.
    Stages(stages::StagesArgs),
    /// Commits groups to tables with few and with many active files.
    Commit(commit::CommitArgs),
    /// Fills the first-seen index and looks keys up.
    Index(index::IndexArgs),
    /// Measures, by a Flight SQL client, how long after its Kafka timestamp an event is visible.
    Freshness(freshness::FreshnessArgs),
}

fn main() -> figures::Outcome {
    println!("load average before: {}", processor::load_average());
    let outcome = match Cli::parse().bench {
        Bench::Ingest(args) => ingest::run(&args),
        Bench::Stages(args) => stages::run(&args),
        Bench::Commit(args) => commit::run(&args),
        Bench::Index(args) => index::run(&args),
        Bench::Freshness(args) => freshness::run(&args),
    };
    println!("load average after: {}", processor::load_average());
    outcome
}
