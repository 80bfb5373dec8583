//! The end of a demo: everything sent is read, and the books are compared device by device.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exactness::{Numbers, Reading, Verdict, compare, name_devices};
use generator::Report;
use generator::books::Cut;
use state::Published;

use super::running::{Demo, PULSE};
use crate::cli::DemoArgs;
use crate::failure::{Failure, Outcome};

/// How long an interrupted run may still read.
const GRACE: Duration = Duration::from_secs(2);
/// Differences that are printed at the most.
const PRINTED_MAX: usize = 40;

/// What the demo found in the end.
#[derive(Debug)]
pub struct Settled {
    /// In words.
    pub text: String,
    agrees: bool,
}

impl Settled {
    /// Success only if everything agrees.
    pub fn outcome(&self) -> Outcome {
        if self.agrees {
            Ok(())
        } else {
            Err(Failure::no(
                "Headwater's numbers are not what the generator's books say they must be",
            ))
        }
    }
}

/// Waits until all is read, then compares what was read.
pub fn settle(demo: &mut Demo, args: &DemoArgs, stop: &AtomicBool) -> Outcome<Settled> {
    while !demo.generation.is_finished() {
        demo.check_engine()?;
        demo.pulse();
        std::thread::sleep(PULSE);
    }
    // A run that has come to its end and is stopped while its rest is read was not cut short.
    let cut_short = stop.load(Ordering::Acquire);
    let report = demo.generation.finish()?;
    let end = demo.generation.books().end();
    let state = read_to_the_end(demo, &report.topic_id, &end, args.read_within, stop)?;
    let numbers = demo.numbers(&state)?;
    let credits = demo.credits(&state)?;
    let reading = Reading::of(&report.topic_id, &end, &numbers.cut);
    let mut books = demo.generation.books();
    let verdict = compare(&mut books, &numbers);
    let mut wrong = verdict.differences.clone();
    if verdict.books_behind {
        wrong.push("Headwater has read records that the books do not know".to_owned());
    }
    wrong.extend(name_devices(&books, credits));
    let mut notes = Vec::new();
    if args.withhold > 0 {
        notes.push(format!(
            "--withhold: {} records are in the books and were not sent, so the numbers must differ",
            args.withhold
        ));
    }
    let interrupted = stop.load(Ordering::Acquire);
    if let Some(unread) = unread(reading, args.read_within, interrupted) {
        // Who interrupts a run takes what has been read by then; who wants an exit code does not.
        if interrupted && !args.exit {
            notes.push(unread);
        } else {
            wrong.insert(0, unread);
        }
    }
    if !cut_short {
        wrong.extend(missing_kinds(&report));
    }
    Ok(Settled {
        text: text(&numbers, &verdict, &notes, &wrong),
        agrees: wrong.is_empty(),
    })
}

/// Waits until the engine has read everything, is told to stop, or takes too long; gives the state
/// that it has published by then.
fn read_to_the_end(
    demo: &mut Demo,
    topic_id: &str,
    end: &Cut,
    within: Duration,
    stop: &AtomicBool,
) -> Outcome<Arc<Published>> {
    let started = Instant::now();
    loop {
        demo.check_engine()?;
        let reading = Reading::of(topic_id, end, &demo.pulse());
        let interrupted = stop.load(Ordering::Acquire);
        if is_over(reading, started.elapsed(), within, interrupted) {
            return Ok(demo.state());
        }
        std::thread::sleep(PULSE);
    }
}

/// Whether the wait for the rest is over.
fn is_over(reading: Reading, waited: Duration, within: Duration, interrupted: bool) -> bool {
    reading.is_complete() || waited >= within || (interrupted && waited >= GRACE)
}

/// What to say where not everything was read.
fn unread(reading: Reading, within: Duration, interrupted: bool) -> Option<String> {
    let Reading { sent, read } = reading;
    (!reading.is_complete()).then(|| {
        let when = if interrupted {
            "before the run was interrupted".to_owned()
        } else {
            format!("within {} s", within.as_secs_f64())
        };
        format!("only {read} of {sent} records were read {when}")
    })
}

/// A run that came to its end and made no record of some kind shows nothing about that kind.
fn missing_kinds(report: &Report) -> Option<String> {
    let missing = report.missing_defects();
    let kinds: Vec<&str> = missing.iter().map(|kind| kind.name()).collect();
    (!kinds.is_empty()).then(|| {
        format!(
            "the generator made no record of these kinds, so the run shows nothing about them: {}; \
             run longer or at a higher rate",
            kinds.join(", ")
        )
    })
}

fn text(numbers: &Numbers, verdict: &Verdict, notes: &[String], wrong: &[String]) -> String {
    let letters: i64 = numbers.dead_letters.values().sum();
    let mut text = format!(
        "read {} records with {} elements: {} events, {letters} dead letters\n\
         {} new users in {} slots of product, channel and hour; {} credits moved\n",
        numbers.records,
        numbers.elements,
        numbers.events,
        numbers.total(),
        verdict.slots,
        numbers.moved
    );
    for (reason, count) in &numbers.dead_letters {
        let _ = writeln!(text, "  dead letters, {reason}: {count}");
    }
    for note in notes {
        let _ = writeln!(text, "{note}");
    }
    if wrong.is_empty() {
        let _ = write!(text, "Headwater and the generator's books agree exactly");
    } else {
        let _ = write!(text, "Headwater and the generator's books DISAGREE:");
        for line in wrong.iter().take(PRINTED_MAX) {
            let _ = write!(text, "\n  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(120);
    const HALF: Reading = Reading { sent: 10, read: 5 };
    const ALL: Reading = Reading { sent: 10, read: 10 };

    #[test]
    fn the_wait_ends_when_all_is_read_when_it_is_too_long_or_when_it_is_interrupted() {
        let seconds = Duration::from_secs;
        let cases = [
            (ALL, seconds(0), false, true),
            (HALF, seconds(119), false, false),
            (HALF, seconds(120), false, true),
            (HALF, seconds(1), true, false),
            (HALF, seconds(2), true, true),
        ];
        for (reading, waited, interrupted, over) in cases {
            assert_eq!(
                is_over(reading, waited, WITHIN, interrupted),
                over,
                "{reading:?} {waited:?} {interrupted}"
            );
        }
    }

    #[test]
    fn records_that_were_not_read_are_said() {
        assert_eq!(unread(ALL, WITHIN, false), None);
        assert_eq!(
            unread(HALF, WITHIN, false).as_deref(),
            Some("only 5 of 10 records were read within 120 s")
        );
        assert_eq!(
            unread(HALF, WITHIN, true).as_deref(),
            Some("only 5 of 10 records were read before the run was interrupted")
        );
    }

    #[test]
    fn what_is_wrong_is_never_called_agreement() {
        let numbers = Numbers::default();
        let verdict = Verdict::default();
        let good = text(&numbers, &verdict, &[], &[]);
        assert!(good.ends_with("agree exactly"), "{good}");
        let bad = text(&numbers, &verdict, &[], &["only 5 of 10".to_owned()]);
        assert!(bad.contains("DISAGREE:\n  only 5 of 10"), "{bad}");
        assert!(!bad.contains("agree exactly"), "{bad}");
    }
}
