//! Headwater's numbers as of one published state, read as any client would: in SQL.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use common::EngineError;
use datafusion::prelude::SessionContext;
use generator::books::{Cut, NewUsers, Slot};

/// All numbers that are compared or shown, of one state.
#[derive(Debug, Default)]
pub struct Numbers {
    /// How far each topic partition has been read.
    pub cut: Cut,
    /// New users by product, channel and hour.
    pub new_users: NewUsers,
    /// Rows of `events`.
    pub events: i64,
    /// Dead letters by reason.
    pub dead_letters: BTreeMap<String, i64>,
    /// Credits that moved to another event.
    pub moved: i64,
    /// Records that the state has read.
    pub records: i64,
    /// Elements that the state has read; a record that was rejected as a whole counts as one.
    pub elements: i64,
    /// Elements that the pipeline's SQL left out on purpose.
    pub filtered: i64,
    /// Whether each element has exactly one outcome.
    pub balanced: bool,
}

/// A device with its credit: product, device, channel, and the hour in µs since 1970.
pub type Credit = (String, String, Option<String>, i64);

impl Numbers {
    /// Reads all numbers in one session, so that they belong to one state.
    pub async fn read(ctx: &SessionContext) -> Result<Self, EngineError> {
        let (records, elements, filtered, unbalanced) = conservation(ctx).await?;
        Ok(Self {
            cut: cut(ctx).await?,
            new_users: new_users(ctx).await?,
            events: number(ctx, include_str!("sql/events.sql")).await?,
            dead_letters: dead_letters(ctx).await?,
            moved: number(ctx, include_str!("sql/moved.sql")).await?,
            records,
            elements,
            filtered,
            balanced: unbalanced == 0,
        })
    }

    /// New users in all.
    pub fn total(&self) -> i64 {
        self.new_users.values().sum()
    }
}

/// The credit in force of every device.
pub async fn credits(ctx: &SessionContext) -> Result<Vec<Credit>, EngineError> {
    let mut credits = Vec::new();
    for batch in rows(ctx, include_str!("sql/credits.sql")).await? {
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

async fn cut(ctx: &SessionContext) -> Result<Cut, EngineError> {
    let mut cut = Cut::new();
    for batch in rows(ctx, include_str!("sql/positions.sql")).await? {
        let (id, partition, next) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_primitive::<Int32Type>(),
            batch.column(2).as_primitive::<Int64Type>(),
        );
        for i in 0..batch.num_rows() {
            cut.set(id.value(i), partition.value(i), next.value(i));
        }
    }
    Ok(cut)
}

async fn new_users(ctx: &SessionContext) -> Result<NewUsers, EngineError> {
    let mut users = NewUsers::new();
    for batch in rows(ctx, include_str!("sql/new_users.sql")).await? {
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
            *users.entry(slot).or_default() += count.value(i);
        }
    }
    Ok(users)
}

async fn dead_letters(ctx: &SessionContext) -> Result<BTreeMap<String, i64>, EngineError> {
    let mut letters = BTreeMap::new();
    for batch in rows(ctx, include_str!("sql/dead_letters.sql")).await? {
        let reason = batch.column(0).as_string::<i32>();
        let count = batch.column(1).as_primitive::<Int64Type>();
        for i in 0..batch.num_rows() {
            letters.insert(reason.value(i).to_owned(), count.value(i));
        }
    }
    Ok(letters)
}

/// Records, elements, filtered elements, and rows that do not balance.
async fn conservation(ctx: &SessionContext) -> Result<(i64, i64, i64, i64), EngineError> {
    let batches = rows(ctx, include_str!("sql/conservation.sql")).await?;
    Ok(batches
        .first()
        .filter(|batch| batch.num_rows() > 0)
        .map(|batch| {
            let at = |i: usize| batch.column(i).as_primitive::<Int64Type>().value(0);
            (at(0), at(1), at(2), at(3))
        })
        .unwrap_or_default())
}

async fn rows(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
    Ok(planning::query(ctx, sql).await?)
}

async fn number(ctx: &SessionContext, sql: &str) -> Result<i64, EngineError> {
    let batches = rows(ctx, sql).await?;
    Ok(batches
        .first()
        .filter(|batch| batch.num_rows() > 0)
        .map_or(0, |b| b.column(0).as_primitive::<Int64Type>().value(0)))
}
