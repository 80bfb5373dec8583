//! `headwater serve`: the engine against a Kafka, answering Flight SQL until told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::Engine;

use crate::cli::ServeArgs;
use crate::failure::{Failure, Outcome};
use crate::generate::stop_on_signal;
use crate::key_file::KeyFile;
use crate::logging;
use crate::login::credentials;
use crate::server::{Server, bind};
use crate::settings::read_settings;

/// How often the engine is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Runs the command.
pub fn run(args: &ServeArgs) -> Outcome {
    logging::start();
    let mut flags = args.set.clone();
    if let Some(listen) = &args.listen {
        flags.push(format!("flight.listen={listen}"));
    }
    let settings = read_settings(&args.config, &flags)?;
    let credentials = credentials(&settings.flight)?;
    let keys = KeyFile::read(&settings.keys_file)?.ring()?;
    let listener = bind(&settings.flight.listen, &credentials)?;
    let engine = Engine::start(&settings, &keys)?;
    let server = Server::start(&engine, listener, credentials, &settings.query)?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(stop.clone())?;
    println!("listening on grpc://{}", server.address());
    let watched = until_stopped(&engine, &server, &stop);
    if watched.is_ok() {
        println!(
            "stopping: what was read is being committed; a second signal ends at once, and what is \
             not committed then is read again at the next start"
        );
    }
    let served = server.stop();
    let stopped = engine.stop();
    watched?;
    served?;
    stopped?;
    println!("stopped; everything read is committed");
    Ok(())
}

/// Waits for a signal, for the server's end, or for a failure that the process cannot outlive.
fn until_stopped(engine: &Engine, server: &Server, stop: &AtomicBool) -> Outcome {
    while !stop.load(Ordering::Acquire) && !server.is_finished() {
        if let Some(e) = engine.failure() {
            return Err(Failure::from(e));
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
    Ok(())
}
