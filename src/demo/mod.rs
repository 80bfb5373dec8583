//! `headwater demo`: the main job on this machine with generated logs, beside the generator's books.
//!
//! Modules in reading order: `command` starts everything, runs it and takes it down; `setup` is what
//! must be there before; `running` is a demo that runs, asked for its numbers; `frame` is what one
//! drawing shows, `drawing` puts it into lines, `screen` brings these to the terminal; `freshness`
//! samples how late rows become visible; `connection_strings` tells how to connect; `end` waits for
//! the rest, and gives the verdict. How numbers and books are compared is the crate `exactness`.

mod command;
mod connection_strings;
mod drawing;
mod end;
mod frame;
mod freshness;
mod running;
mod screen;
mod setup;

pub use command::run;
