//! The command: starts broker, generator, engine and server, draws until the end, takes all down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::Engine;
use generator::{Generation, wait_for_broker};

use super::running::{Demo, PULSE};
use super::screen::Screen;
use super::setup::Setup;
use super::{connection_strings, end};
use crate::cli::DemoArgs;
use crate::failure::Outcome;
use crate::generate::stop_on_signal;
use crate::server::Server;

/// How often the numbers are read, compared and drawn.
const DRAW: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(args: &DemoArgs) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(stop.clone())?;
    let setup = Setup::new(args)?;
    crate::logging::start_quiet(&setup.log_file())?;
    let outcome = start_and_run(&setup, args, &stop);
    if outcome.is_err() {
        eprintln!("log: {}", setup.keep_log().display());
    }
    outcome
}

fn start_and_run(setup: &Setup, args: &DemoArgs, stop: &AtomicBool) -> Outcome {
    let options = setup.options(args)?;
    wait_for_broker(
        &options.brokers,
        &options.properties,
        stop,
        &mut |waiting| {
            println!("{waiting}");
        },
    )?;
    // The generator has a flag of its own: its end is not the demo's.
    let generation = Generation::start(options, Arc::new(AtomicBool::new(false)))?;
    let engine = Engine::start(&setup.settings, &setup.ring)?;
    let server = Server::start(
        &engine,
        setup.listener.try_clone()?,
        flight_server::Credentials::open(),
        &setup.settings.query,
    )?;
    let heading = format!(
        "{}\nlog: {}\n",
        connection_strings::text(server.address()),
        setup.log_file().display()
    );
    let mut demo = Demo::new(generation, engine, server, Screen::new(heading));
    let ran = draw_and_settle(&mut demo, args, stop);
    let stopped = demo.stop();
    ran?;
    stopped?;
    println!("stopped; everything read is committed");
    Ok(())
}

/// Draws until the generator's end, compares, and serves on until stopped, or ends.
fn draw_and_settle(demo: &mut Demo, args: &DemoArgs, stop: &AtomicBool) -> Outcome {
    let mut drawn = Instant::now();
    while !stop.load(Ordering::Acquire) && !demo.generation.is_finished() {
        demo.check_engine()?;
        demo.pulse();
        if drawn.elapsed() >= DRAW {
            demo.draw()?;
            drawn = Instant::now();
        }
        std::thread::sleep(PULSE);
    }
    demo.generation.stop();
    let settled = end::settle(demo, args, stop)?;
    demo.screen.say(&settled.text);
    if !args.exit && !stop.load(Ordering::Acquire) {
        println!("the generator has ended; Flight SQL answers until Ctrl-C");
        while !stop.load(Ordering::Acquire) {
            demo.check_engine()?;
            std::thread::sleep(PULSE);
        }
    }
    settled.outcome()
}
