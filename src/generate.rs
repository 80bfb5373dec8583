//! `headwater generate`: the demo's generator as a command, to a real Kafka, with its books in files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use generator::{Generation, Keys, Length, Options, Profile, Trace};

use crate::cli::GenerateArgs;
use crate::failure::{Failure, Outcome};
use crate::key_file::KeyFile;
use crate::logging;
use crate::private_file::PrivateFile;

/// Events that one second of a trace's virtual clock holds where no rate is given.
const TRACE_EVENTS_PER_SECOND: u64 = 20_000;

/// Runs the command.
pub fn run(args: &GenerateArgs) -> Outcome {
    logging::start();
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(stop.clone())?;
    let mut generation = Generation::start(options(args)?, stop)?;
    println!(
        "run {} to topic {} ({} partitions, id {})",
        generation.run(),
        generation.topic(),
        generation.partitions(),
        generation.topic_id()
    );
    while !generation.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = generation.finish()?;
    println!(
        "sent {} records with {} events, {} bytes; the books are in {}",
        report.progress.records,
        report.progress.events,
        report.progress.bytes,
        args.books.display()
    );
    for (defect, count) in &report.defects {
        println!("  {}: {count}", defect.name());
    }
    Ok(())
}

fn options(args: &GenerateArgs) -> Outcome<Options> {
    let mut options = Options::new(&args.brokers, keys(&args.keys)?);
    options.properties = properties(&args.property)?;
    options.topic.clone_from(&args.topic);
    options.products_topic.clone_from(&args.products_topic);
    options.partitions = args.partitions;
    options.seed = args.seed;
    options.rate = (args.rate > 0).then_some(args.rate as f64);
    options.withhold = u32::try_from(args.withhold)
        .map_err(|_| Failure::invalid(vec!["--withhold is too large".into()]))?;
    options.books = Some(args.books.clone());
    options.books_in_memory = false;
    options.length = match (args.events, args.duration) {
        (Some(_), Some(_)) => {
            return Err(Failure::invalid(vec![
                "--events and --for are both given; keep one".into(),
            ]));
        }
        (Some(events), None) => Length::Events(events),
        (None, Some(time)) => Length::For(time),
        (None, None) => Length::Endless,
    };
    if let Some(start_ms) = args.start {
        let events = if args.rate > 0 {
            args.rate
        } else {
            TRACE_EVENTS_PER_SECOND
        };
        options.trace = Some(Trace {
            start_ms,
            events_per_second: events as f64,
            shuffle_seed: args.shuffle_seed,
        });
    } else if args.shuffle_seed.is_some() {
        return Err(Failure::invalid(vec![
            "--shuffle-seed needs --start: the same records have the same timestamps".into(),
        ]));
    }
    if args.canonical {
        options.profile = Profile::canonical();
    }
    Ok(options)
}

/// The keys of a file; made if it isn't there.
pub fn keys(file: &Path) -> Outcome<Keys> {
    if !file.exists() {
        let place = PrivateFile::lock(file)?;
        // Another may have made it meanwhile.
        if !file.exists() {
            KeyFile::from(&Keys::random()).write(&place)?;
            eprintln!(
                "made {} with new keys; a server that is to open the records needs them, too",
                file.display()
            );
        }
    }
    KeyFile::read(file)?.generator_keys()
}

/// librdkafka properties as `--property` gives them.
pub fn properties(pairs: &[String]) -> Outcome<BTreeMap<String, String>> {
    let mut properties = BTreeMap::new();
    let mut faults = Vec::new();
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                properties.insert(name.to_owned(), value.to_owned());
            }
            // The text may be a secret: only the option is named.
            _ => faults.push("--property: expected NAME=VALUE, e.g. security.protocol=SSL".into()),
        }
    }
    if faults.is_empty() {
        Ok(properties)
    } else {
        Err(Failure::invalid(faults))
    }
}

/// Sets a flag on Ctrl-C or a request to terminate, from when it returns; a second one ends the
/// process at once.
pub fn stop_on_signal(stop: Arc<AtomicBool>) -> Outcome {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if stop.swap(true, Ordering::Release) {
                        std::process::exit(130);
                    }
                }
            });
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_may_hold_further_equals_signs_and_must_hold_one() {
        let pair = |text: &str| properties(&[text.to_owned()]);
        let taken = pair("sasl.jaas.config=a=b").unwrap_or_default();
        assert_eq!(
            taken.get("sasl.jaas.config").map(String::as_str),
            Some("a=b")
        );
        assert!(pair("hush").is_err());
        assert!(pair("=hush").is_err());
    }
}
