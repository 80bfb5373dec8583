//! The end of a demo: everything sent is read, and the books are compared device by device.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::{Demo, PULSE, numbers, verdict};
use crate::failure::{Failure, Outcome};

/// How long the engine may take to read what was sent.
const READ_LIMIT: Duration = Duration::from_secs(120);

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
            Err(Failure::no("Headwater and the generator's books disagree"))
        }
    }
}

/// Waits until all is read, then compares. A run that was interrupted may have missed a kind of
/// defect; one that came to its end may not, or it would show nothing about that kind.
pub fn settle(demo: &mut Demo, interrupted: bool) -> Outcome<Settled> {
    while !demo.generation.is_finished() {
        demo.check_engine()?;
        demo.pulse();
        std::thread::sleep(PULSE);
    }
    let report = demo.generation.finish()?;
    let end = demo.generation.books().end();
    let deadline = Instant::now() + READ_LIMIT;
    let numbers = loop {
        demo.check_engine()?;
        demo.pulse();
        let numbers = demo.numbers()?;
        let read = |(id, partition, next): (&str, i32, i64)| {
            id != report.topic_id || numbers.cut.get(id, partition).is_some_and(|n| n >= next)
        };
        if end.iter().all(read) || Instant::now() >= deadline {
            break numbers;
        }
        std::thread::sleep(5 * PULSE);
    };
    let ctx = demo.engine.sessions().session(true, None);
    let credits = demo.server.runtime().block_on(numbers::credits(&ctx))?;
    let mut books = demo.generation.books();
    let verdict = verdict::compare(&mut books, &numbers);
    let mut wrong = verdict.differences.clone();
    if verdict.books_behind {
        wrong.push("Headwater has read records that the books do not know".to_owned());
    }
    wrong.extend(verdict::name_devices(&books, credits));
    let missing = report.missing_defects();
    if !missing.is_empty() && !interrupted {
        let kinds: Vec<&str> = missing.iter().map(|kind| kind.name()).collect();
        wrong.push(format!(
            "the generator made no record of these kinds, so the run shows nothing about them: {}; \
             run longer or at a higher rate",
            kinds.join(", ")
        ));
    }
    let mut text = format!(
        "read {} records with {} elements; {} new users in {} slots of product, channel and hour; \
         {} credits moved\n",
        numbers.records,
        numbers.elements,
        numbers.total(),
        verdict.slots,
        numbers.moved
    );
    for (reason, count) in &numbers.dead_letters {
        let _ = writeln!(text, "  dead letters, {reason}: {count}");
    }
    if wrong.is_empty() {
        let _ = write!(text, "Headwater and the generator's books agree exactly");
    } else {
        let _ = write!(text, "Headwater and the generator's books DISAGREE:");
        for line in wrong.iter().take(40) {
            let _ = write!(text, "\n  {line}");
        }
    }
    Ok(Settled {
        text,
        agrees: wrong.is_empty(),
    })
}
