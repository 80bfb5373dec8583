//! Headwater's numbers as of one published state, read as any client would: in SQL.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;
use engine::EngineError;
use generator::books::{Cut, NewUsers, Slot};

/// The pipeline whose positions the books are cut at.
const PIPELINE: &str = "mobile_events";

/// All numbers that the demo shows, of one state.
#[derive(Debug, Default)]
pub struct Numbers {
    /// How far each topic partition has been read.
    pub cut: Cut,
    /// New users by product, channel and hour.
    pub new_users: NewUsers,
    /// Dead letters by reason.
    pub dead_letters: BTreeMap<String, i64>,
    /// Credits that moved to another event.
    pub moved: i64,
    /// Records that the state has read.
    pub records: i64,
    /// Events, dead letters and filtered elements, and all elements.
    pub elements: i64,
    /// Whether each element has exactly one outcome.
    pub balanced: bool,
}

/// A device with its credit: product, device, channel, hour.
pub type Credit = (String, String, Option<String>, i64);

impl Numbers {
    /// Reads all numbers in one session, so that they belong to one state.
    pub async fn read(ctx: &SessionContext) -> Result<Self, EngineError> {
        let mut numbers = Self::default();
        let positions = format!(
            "SELECT topic_id, \"partition\", next_offset FROM system.positions \
             WHERE pipeline = '{PIPELINE}' AND topic_id IS NOT NULL"
        );
        for batch in rows(ctx, &positions).await? {
            let (id, partition, next) = (
                batch.column(0).as_string::<i32>(),
                batch.column(1).as_primitive::<Int32Type>(),
                batch.column(2).as_primitive::<Int64Type>(),
            );
            for i in 0..batch.num_rows() {
                numbers
                    .cut
                    .set(id.value(i), partition.value(i), next.value(i));
            }
        }
        let new_users = "SELECT product, channel, hour, new_users FROM new_users_hourly";
        for batch in rows(ctx, new_users).await? {
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
                numbers.new_users.insert(slot, count.value(i));
            }
        }
        let letters = "SELECT reason, sum(sign) FROM dead_letters GROUP BY reason";
        for batch in rows(ctx, letters).await? {
            let reason = batch.column(0).as_string::<i32>();
            let count = batch.column(1).as_primitive::<Int64Type>();
            for i in 0..batch.num_rows() {
                numbers
                    .dead_letters
                    .insert(reason.value(i).to_owned(), count.value(i));
            }
        }
        numbers.moved = number(ctx, "SELECT count(*) FROM new_user_ledger WHERE sign = -1").await?;
        let sums = "SELECT coalesce(sum(records), 0), coalesce(sum(elements), 0), \
                    coalesce(sum(CASE WHEN balanced THEN 0 ELSE 1 END), 0) FROM system.conservation";
        if let Some(batch) = rows(ctx, sums).await?.first() {
            let at = |i: usize| batch.column(i).as_primitive::<Int64Type>().value(0);
            numbers.records = at(0);
            numbers.elements = at(1);
            numbers.balanced = at(2) == 0;
        }
        Ok(numbers)
    }

    /// New users in all.
    pub fn total(&self) -> i64 {
        self.new_users.values().sum()
    }
}

/// The credit in force of every device.
pub async fn credits(ctx: &SessionContext) -> Result<Vec<Credit>, EngineError> {
    let mut credits = Vec::new();
    for batch in rows(ctx, "SELECT product, device, channel, hour FROM new_users").await? {
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

async fn rows(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
    Ok(engine::statement::query(ctx, sql).await?)
}

async fn number(ctx: &SessionContext, sql: &str) -> Result<i64, EngineError> {
    let batches = rows(ctx, sql).await?;
    Ok(batches
        .first()
        .map_or(0, |b| b.column(0).as_primitive::<Int64Type>().value(0)))
}
