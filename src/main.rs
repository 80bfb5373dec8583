//! The `headwater` binary: one file a command.

mod backend;
mod check;
mod cli;
mod demo;
mod duration;
mod failure;
mod file_limit;
mod generate;
mod key_file;
mod keys;
mod logging;
mod login;
mod printed_rows;
mod private_file;
mod secrets;
mod serve;
mod server;
mod settings;
mod shipped;
mod sql;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// Pages stay mapped once touched: on the machines that this runs on, the first touch of a fresh
/// page costs more than decrypting what is written there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Sql(args) => sql::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Keys(args) => keys::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
