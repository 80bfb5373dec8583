//! Whether the engine's numbers are the books' numbers. A figure of a run that isn't exact counts
//! for nothing.

use ::exactness::{Numbers, compare, credits, name_devices};
use datafusion::prelude::SessionContext;
use generator::books::{Books, Cut};
use state::Published;

use crate::figures::Outcome;

/// The differences named in an error at the most.
const NAMED_MAX: usize = 5;

/// How far a published state has read.
fn cut(state: &Published) -> Cut {
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
    cut
}

/// Whether a published state has read everything below an end.
pub fn has_read(state: &Published, end: &Cut) -> bool {
    let read = cut(state);
    end.iter()
        .all(|(id, partition, next)| read.get(id, partition).is_some_and(|n| n >= next))
}

/// Everything that can be compared with the books, and every device's credit. `state` is the one
/// that the session reads.
pub async fn check(ctx: &SessionContext, state: &Published, books: &mut Books) -> Outcome {
    let mut numbers = Numbers::read(ctx).await?;
    // The positions of the reader, which has stopped, not only those of committed groups.
    numbers.cut = cut(state);
    let verdict = compare(books, &numbers);
    if verdict.books_behind {
        return Err("the books do not know all records that were read".into());
    }
    let mut wrong = verdict.differences;
    wrong.extend(name_devices(books, credits(ctx).await?));
    if wrong.is_empty() {
        return Ok(());
    }
    let count = wrong.len();
    wrong.truncate(NAMED_MAX);
    Err(format!("not exact, {count} differences: {}", wrong.join("; ")).into())
}
