//! Whether the engine's numbers are the books' numbers. A figure of a run that isn't exact counts
//! for nothing.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;
use engine::state::Published;
use engine::statement::query;
use generator::books::{Books, Cut, NewUsers, Slot};

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

/// New users by product, channel and hour, every device's credit, and the balance of elements
/// against the books. `state` is the one that the session reads.
pub async fn check(ctx: &SessionContext, state: &Published, books: &mut Books) -> Outcome {
    if !books.advance(&cut(state)).is_complete() {
        return Err("the books do not know all records that were read".into());
    }
    let mut wrong: Vec<String> = books
        .compare(&new_users(ctx).await?)
        .iter()
        .map(ToString::to_string)
        .collect();
    let devices = books.compare_devices(credits(ctx).await?);
    wrong.extend(devices.iter().map(ToString::to_string));
    let sums = "SELECT coalesce(sum(records), 0), \
                coalesce(sum(CASE WHEN balanced THEN 0 ELSE 1 END), 0) FROM system.conservation";
    if let Some(batch) = query(ctx, sums).await?.first() {
        let at = |i: usize| batch.column(i).as_primitive::<Int64Type>().value(0);
        let records = books.totals().records;
        if i128::from(at(0)) != i128::from(records) {
            wrong.push(format!("{} of {records} records were read", at(0)));
        }
        if at(1) > 0 {
            wrong.push(format!("{} rows do not balance", at(1)));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let count = wrong.len();
    wrong.truncate(NAMED_MAX);
    Err(format!("not exact, {count} differences: {}", wrong.join("; ")).into())
}

async fn new_users(ctx: &SessionContext) -> Outcome<NewUsers> {
    let mut users = NewUsers::new();
    let sql = "SELECT product, channel, hour, new_users FROM new_users_hourly";
    for batch in query(ctx, sql).await? {
        let (product, channel, hour, count) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_string::<i32>(),
            batch.column(2).as_primitive::<TimestampMicrosecondType>(),
            batch.column(3).as_primitive::<Int64Type>(),
        );
        for i in 0..batch.num_rows() {
            let slot = Slot {
                product: product.value(i).to_owned(),
                channel: channel.is_valid(i).then(|| channel.value(i).to_owned()),
                hour_us: hour.value(i),
            };
            users.insert(slot, count.value(i));
        }
    }
    Ok(users)
}

async fn credits(ctx: &SessionContext) -> Outcome<Vec<(String, String, Option<String>, i64)>> {
    let mut credits = Vec::new();
    for batch in query(ctx, "SELECT product, device, channel, hour FROM new_users").await? {
        let (product, device, channel, hour) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_string::<i32>(),
            batch.column(2).as_string::<i32>(),
            batch.column(3).as_primitive::<TimestampMicrosecondType>(),
        );
        for i in 0..batch.num_rows() {
            credits.push((
                product.value(i).to_owned(),
                device.value(i).to_owned(),
                channel.is_valid(i).then(|| channel.value(i).to_owned()),
                hour.value(i),
            ));
        }
    }
    Ok(credits)
}
