//! `headwater demo`: the main job on this machine with generated logs, beside the generator's books.

mod connection_strings;
mod end;
mod freshness;
mod numbers;
mod screen;
mod setup;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::Engine;
use generator::Generation;
use generator::books::Cut;

use crate::cli::DemoArgs;
use crate::failure::{Failure, Outcome};
use crate::generate::stop_on_signal;
use crate::server::Server;
use freshness::Freshness;
use numbers::Numbers;
use screen::{Frame, Screen};
use setup::Setup;

/// How often the generator hears how far the engine has read, and freshness is sampled.
const PULSE: Duration = Duration::from_millis(20);
/// How often the numbers are read, compared and drawn.
const DRAW: Duration = Duration::from_secs(1);

/// A demo that runs.
struct Demo {
    generation: Generation,
    engine: Engine,
    server: Server,
    freshness: Freshness,
    screen: Screen,
}

/// Runs the command.
pub fn run(args: &DemoArgs) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(stop.clone())?;
    let setup = Setup::new(args)?;
    crate::logging::start_quiet(&setup.log_file())?;
    let generator_stop = Arc::new(AtomicBool::new(false));
    let generation = Generation::start(setup.options(args)?, generator_stop)?;
    let engine = Engine::start(&setup.settings, &setup.ring)?;
    let server = Server::start(
        &engine,
        setup.listener.try_clone()?,
        flight_server::Credentials::open(),
        &setup.settings.query,
    )?;
    println!("{}", connection_strings::text(server.address()));
    println!("log: {}", setup.log_file().display());
    let mut demo = Demo {
        generation,
        engine,
        server,
        freshness: Freshness::default(),
        screen: Screen::new(),
    };
    let ran = demo.run(args, &stop);
    let Demo {
        generation,
        engine,
        server,
        ..
    } = demo;
    drop(generation);
    let served = server.stop();
    let stopped = engine.stop();
    ran?;
    served?;
    stopped?;
    println!("stopped; everything read is committed");
    Ok(())
}

impl Demo {
    /// Draws until the generator's end, compares, and serves on until stopped, or ends.
    fn run(&mut self, args: &DemoArgs, stop: &AtomicBool) -> Outcome {
        self.draw_until(|demo| stop.load(Ordering::Acquire) || demo.generation.is_finished())?;
        self.generation.stop();
        let interrupted = stop.load(Ordering::Acquire);
        let verdict = end::settle(self, interrupted)?;
        self.screen.say(&verdict.text);
        if args.exit || stop.load(Ordering::Acquire) {
            return verdict.outcome();
        }
        println!("the generator has ended; Flight SQL answers until Ctrl-C");
        while !stop.load(Ordering::Acquire) {
            self.check_engine()?;
            std::thread::sleep(PULSE);
        }
        verdict.outcome()
    }

    fn draw_until(&mut self, ended: impl Fn(&Self) -> bool) -> Outcome {
        let mut drawn = Instant::now();
        while !ended(self) {
            self.check_engine()?;
            self.pulse();
            if drawn.elapsed() >= DRAW {
                let frame = self.frame()?;
                self.screen.draw(&frame);
                drawn = Instant::now();
            }
            std::thread::sleep(PULSE);
        }
        Ok(())
    }

    /// Tells the generator how far the engine has read.
    fn pulse(&mut self) {
        let state = self.engine.publisher().current();
        let mut cut = Cut::new();
        for progress in state.progress.values() {
            for partition in &progress.partitions {
                cut.set(
                    &progress.topic_id,
                    partition.at.partition,
                    partition.next_offset,
                );
            }
        }
        self.generation.read_up_to(&cut);
        self.freshness.sample(&state);
    }

    /// Numbers and books as of one published state.
    fn frame(&mut self) -> Outcome<Frame> {
        let numbers = self.numbers()?;
        let verdict = verdict::compare(&mut self.generation.books(), &numbers);
        let state = self.engine.publisher().current();
        let source = state.progress.values().next();
        Ok(Frame {
            sent: self.generation.progress(),
            freshness: self.freshness.take(),
            state: source.map(|p| p.state.to_string()).unwrap_or_default(),
            group: state.group,
            numbers,
            verdict,
        })
    }

    fn numbers(&self) -> Outcome<Numbers> {
        let ctx = self.engine.sessions().session(true, None);
        Ok(self.server.runtime().block_on(Numbers::read(&ctx))?)
    }

    fn check_engine(&self) -> Outcome {
        if let Some(e) = self.engine.failure() {
            return Err(Failure::from(e));
        }
        let state = self.engine.publisher().current();
        match state
            .progress
            .values()
            .find(|p| p.state.starts_with("stopped"))
        {
            Some(progress) => Err(Failure::no(format!(
                "source {}: {}",
                progress.source, progress.state
            ))),
            None => Ok(()),
        }
    }
}
