//! A demo that runs: generator, engine and server together, asked for their numbers.

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use exactness::{Credit, Numbers, compare, credits};
use generator::Generation;
use generator::books::Cut;
use state::Published;

use super::frame::Frame;
use super::freshness::Freshness;
use super::screen::Screen;
use crate::failure::{Failure, Outcome};
use crate::server::Server;

/// How often the generator hears how far the engine has read, and freshness is sampled.
pub const PULSE: Duration = Duration::from_millis(20);

/// A demo that runs.
pub struct Demo {
    /// The generator's run.
    pub generation: Generation,
    /// The terminal.
    pub screen: Screen,
    engine: Engine,
    server: Server,
    freshness: Freshness,
}

impl Demo {
    /// Takes what was started.
    pub fn new(generation: Generation, engine: Engine, server: Server, screen: Screen) -> Self {
        Self {
            generation,
            screen,
            engine,
            server,
            freshness: Freshness::default(),
        }
    }

    /// The published state.
    pub fn state(&self) -> Arc<Published> {
        self.engine.publisher().current()
    }

    /// Tells the generator how far the engine has read, and gives that back.
    pub fn pulse(&mut self) -> Cut {
        let state = self.state();
        let cut = state
            .progress
            .values()
            .flat_map(|progress| {
                progress
                    .partitions
                    .iter()
                    .map(|p| (&*progress.topic_id, p.at.partition, p.next_offset))
            })
            .collect();
        self.generation.read_up_to(&cut);
        self.freshness.sample(&state);
        cut
    }

    /// Draws numbers and books as of one published state.
    pub fn draw(&mut self) -> Outcome {
        let state = self.state();
        let numbers = self.numbers(&state)?;
        let source = state.progress.values().next();
        let (verdict, books, totals) = {
            let mut books = self.generation.books();
            let verdict = compare(&mut books, &numbers);
            (verdict, books.new_users(), books.totals())
        };
        let frame = Frame {
            sent: self.generation.progress(),
            freshness: self.freshness.take(),
            source: source.map(|p| p.state.to_string()).unwrap_or_default(),
            group: state.group,
            now_us: common::clock::now_us(),
            numbers,
            books,
            totals,
            verdict,
        };
        self.screen.draw(&frame);
        Ok(())
    }

    /// Headwater's numbers of one state.
    pub fn numbers(&self, state: &Arc<Published>) -> Outcome<Numbers> {
        let ctx = self.engine.sessions().session_at(state.clone());
        Ok(self.server.runtime().block_on(Numbers::read(&ctx))?)
    }

    /// The credit of every device in one state.
    pub fn credits(&self, state: &Arc<Published>) -> Outcome<Vec<Credit>> {
        let ctx = self.engine.sessions().session_at(state.clone());
        Ok(self.server.runtime().block_on(credits(&ctx))?)
    }

    /// An error where the engine cannot go on.
    pub fn check_engine(&self) -> Outcome {
        if let Some(e) = self.engine.failure() {
            return Err(Failure::from(e));
        }
        match self
            .state()
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

    /// Ends generator, server and engine, in this order; what was read is committed.
    pub fn stop(self) -> Outcome {
        drop(self.generation);
        let served = self.server.stop();
        let stopped = self.engine.stop();
        served?;
        stopped?;
        Ok(())
    }
}
