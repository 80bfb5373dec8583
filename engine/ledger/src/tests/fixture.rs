//! A ledger in memory: events by hand, published entries, and the balances that follow from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::*;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::*;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use common::{LedgerDef, OrderTerm, Result, TableDef, TableKind, position_fields};
use futures::executor::block_on;

use crate::columns::{engine_fields, time_type};
use crate::{EntryKind, EntryReader, Evidence, Index, IndexKey, Ledger, Posting};

pub const MS: i64 = 1_000;
pub const MINUTE: i64 = 60_000 * MS;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub device: String,
    pub channel: Option<String>,
    pub event_time: i64,
    pub tie: Option<Vec<u8>>,
    pub received: i64,
    pub topic: &'static str,
    pub incarnation: i32,
    pub partition: i32,
    pub offset: i64,
    pub element: i32,
}

impl Event {
    pub fn at(&self) -> At {
        let topic = self.topic.to_owned();
        let (incarnation, partition) = (self.incarnation, self.partition);
        (topic, incarnation, partition, self.offset, self.element)
    }
}

/// An event at its own time, with the tie and position that its number gives it.
pub fn event(device: &str, channel: &str, received: i64, number: u8) -> Event {
    Event {
        device: device.into(),
        channel: Some(channel.into()),
        event_time: received,
        tie: Some(vec![0, 0, 0, 0, 0, 0, 0, number]),
        received,
        topic: "mobile-logs",
        incarnation: 0,
        partition: 0,
        offset: i64::from(number),
        element: 0,
    }
}

pub fn table(order: Vec<OrderTerm>) -> TableDef {
    let mut fields = vec![
        Field::new("product", DataType::Utf8, false),
        Field::new("device", DataType::Utf8, false),
        Field::new("channel", DataType::Utf8, true),
        Field::new("event_time", time_type(), false),
        Field::new("hour", time_type(), false),
        Field::new("tie", DataType::Binary, true),
    ];
    fields.extend(engine_fields());
    TableDef {
        name: "new_user_ledger".into(),
        location: "new_user_ledger".into(),
        kind: TableKind::Ledger(LedgerDef {
            key: vec!["product".into(), "device".into()],
            order,
        }),
        schema: Arc::new(Schema::new(fields)),
        partition_by: vec!["product".into(), "posted_day".into()],
        comment: None,
    }
}

pub fn default_table() -> TableDef {
    use OrderTerm::*;
    table(vec![Received, EventTime, Tie, Channel])
}

pub fn key() -> IndexKey {
    IndexKey::new(*b"a key for tests!")
}

pub fn posting() -> Posting {
    Posting {
        at: DateTime::<Utc>::from_timestamp(1_700_000_000, 0).unwrap(),
        kind: EntryKind::Live,
        run: "epoch 3".into(),
        reason: None,
    }
}

fn times(values: impl Iterator<Item = i64>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC")
}

/// Events as the flow hands them to [`Ledger::prepare`].
#[derive(Debug)]
pub struct Rows {
    pub rows: RecordBatch,
    pub received: TimestampMicrosecondArray,
    pub arrival_hour: TimestampMicrosecondArray,
    pub position: StructArray,
}

impl Rows {
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            rows: &self.rows,
            received: &self.received,
            arrival_hour: &self.arrival_hour,
            position: &self.position,
        }
    }
}

/// Events as columns.
pub fn rows(events: &[Event]) -> Rows {
    let fields = default_table().schema.fields()[..6].to_vec();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            events.iter().map(|_| "browser"),
        )),
        Arc::new(StringArray::from_iter_values(
            events.iter().map(|e| &e.device),
        )),
        Arc::new(StringArray::from_iter(
            events.iter().map(|e| e.channel.as_ref()),
        )),
        Arc::new(times(events.iter().map(|e| e.event_time))),
        Arc::new(times(events.iter().map(|e| {
            e.event_time.saturating_sub(e.event_time.rem_euclid(HOUR))
        }))),
        Arc::new(BinaryArray::from_iter(
            events.iter().map(|e| e.tie.as_ref()),
        )),
    ];
    let position: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            events.iter().map(|e| e.topic),
        )),
        Arc::new(Int32Array::from_iter_values(
            events.iter().map(|e| e.incarnation),
        )),
        Arc::new(Int32Array::from_iter_values(
            events.iter().map(|e| e.partition),
        )),
        Arc::new(Int64Array::from_iter_values(
            events.iter().map(|e| e.offset),
        )),
        Arc::new(Int32Array::from_iter_values(
            events.iter().map(|e| e.element),
        )),
    ];
    Rows {
        rows: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap(),
        received: times(events.iter().map(|e| e.received)),
        arrival_hour: times(
            events
                .iter()
                .map(|e| e.received.saturating_sub(e.received.rem_euclid(HOUR))),
        ),
        position: StructArray::new(position_fields(), position, None),
    }
}

/// Published entries, which can be read by number.
#[derive(Debug, Clone, Default)]
pub struct Published(pub Vec<RecordBatch>);

#[async_trait]
impl EntryReader for Published {
    async fn read(&self, entries: &[i64]) -> Result<RecordBatch> {
        let all = concat_batches(&self.0[0].schema(), &self.0).unwrap();
        let wanted: BooleanArray = int64(&all, "entry")
            .values()
            .iter()
            .map(|e| Some(entries.contains(e)))
            .collect();
        Ok(filter_record_batch(&all, &wanted).unwrap())
    }
}

pub fn int64<'a>(batch: &'a RecordBatch, name: &str) -> &'a Int64Array {
    batch.column_by_name(name).unwrap().as_primitive()
}

pub fn int32<'a>(batch: &'a RecordBatch, name: &str) -> &'a Int32Array {
    batch.column_by_name(name).unwrap().as_primitive()
}

pub fn string<'a>(batch: &'a RecordBatch, name: &str) -> &'a StringArray {
    batch.column_by_name(name).unwrap().as_string()
}

pub fn time(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    let column = batch.column_by_name(name).unwrap();
    column.as_primitive::<TimestampMicrosecondType>().value(row)
}

/// What the flow's threads can hand to each other.
fn movable<T: Send>(value: T) -> T {
    value
}

/// Prepares and applies at once; returns the entries, if any.
pub fn post(
    ledger: &mut Ledger,
    rows: &Rows,
    occasion: &Posting,
    entries: &dyn EntryReader,
) -> Result<Option<RecordBatch>> {
    let prepared = ledger.prepare(rows.evidence(), occasion, entries);
    let prepared = block_on(movable(prepared))?;
    prepared.map(|p| ledger.apply(p)).transpose()
}

/// A ledger and what it has published.
#[derive(Debug)]
pub struct World {
    pub ledger: Ledger,
    pub published: Published,
}

impl World {
    pub fn new() -> Self {
        Self::of(&default_table())
    }

    pub fn of(table: &TableDef) -> Self {
        Self {
            ledger: Ledger::new(table, Index::with_key(key(), usize::MAX), 1).unwrap(),
            published: Published::default(),
        }
    }

    /// Posts all events in one call; returns how many entries that made.
    pub fn post(&mut self, events: &[Event]) -> usize {
        self.post_rows(&rows(events))
    }

    /// The same for rows by hand.
    pub fn post_rows(&mut self, rows: &Rows) -> usize {
        let posted = post(&mut self.ledger, rows, &posting(), &self.published).unwrap();
        let count = posted.as_ref().map_or(0, RecordBatch::num_rows);
        self.published.0.extend(posted);
        count
    }

    /// Posts only the rows that could change a credit, as the flow does.
    pub fn post_filtered(&mut self, events: &[Event]) -> usize {
        let Rows { rows, received, .. } = rows(events);
        let keys = [rows.column(0).clone(), rows.column(1).clone()];
        let leading = match self.ledger.leading() {
            OrderTerm::EventTime => times(events.iter().map(|e| e.event_time)),
            _ => received,
        };
        let may = self.ledger.may_change(&keys, &leading).unwrap();
        let kept: Vec<Event> = events
            .iter()
            .zip(&may)
            .filter(|(_, may)| may.unwrap())
            .map(|(e, _)| e.clone())
            .collect();
        self.post(&kept)
    }

    pub fn balance(&self) -> Balance {
        Balance::of(&self.published.0)
    }
}

/// A position, in its order.
pub type At = (String, i32, i32, i64, i32);

/// What entries add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    /// The credit in force of each device: channel, received, position.
    pub credited: BTreeMap<String, (Option<String>, i64, At)>,
    /// New users by channel and hour, where not 0.
    pub new_users: BTreeMap<(Option<String>, i64), i64>,
}

impl Balance {
    /// Checks on the way that each −1 names the entry that it takes back and copies its evidence.
    pub fn of(entries: &[RecordBatch]) -> Self {
        let mut balance = Self::default();
        let mut holder: BTreeMap<String, i64> = BTreeMap::new();
        let mut next = None;
        for batch in entries {
            for row in 0..batch.num_rows() {
                let entry = int64(batch, "entry").value(row);
                assert_eq!(next.replace(entry + 1).unwrap_or(entry), entry, "dense");
                let device = string(batch, "device").value(row).to_owned();
                let channels = string(batch, "channel");
                let channel = channels
                    .is_valid(row)
                    .then(|| channels.value(row).to_owned());
                let position = batch.column_by_name("position").unwrap().as_struct();
                let number = |at: usize| position.column(at).as_primitive::<Int32Type>().value(row);
                let at = (
                    position.column(0).as_string::<i32>().value(row).to_owned(),
                    number(1),
                    number(2),
                    position.column(3).as_primitive::<Int64Type>().value(row),
                    number(4),
                );
                let credit = (channel.clone(), time(batch, "received", row), at);
                let sign = int32(batch, "sign").value(row);
                if sign == 1 {
                    assert_eq!(holder.insert(device.clone(), entry), None, "one credit");
                    balance.credited.insert(device, credit);
                } else {
                    let taken = int64(batch, "takes_back").value(row);
                    assert_eq!(holder.remove(&device), Some(taken));
                    assert_eq!(balance.credited.remove(&device), Some(credit));
                }
                let hour = time(batch, "hour", row);
                let sum = balance.new_users.entry((channel, hour)).or_default();
                *sum += i64::from(int32(batch, "credit").value(row));
            }
        }
        balance.new_users.retain(|_, sum| *sum != 0);
        balance
    }

    /// What the events must come to in the default order, by comparing all of them.
    pub fn oracle(events: &[Event]) -> Self {
        Self::oracle_by(events, |e| (e.received, e.event_time))
    }

    /// The same where the order begins with other times.
    pub fn oracle_by(events: &[Event], times: impl Fn(&Event) -> (i64, i64)) -> Self {
        let rank = |e: &Event| {
            let channel = (e.channel.is_none(), e.channel.clone());
            // A tie that isn't there comes last, as any null.
            let tie = (e.tie.is_none(), e.tie.clone());
            (times(e), tie, channel, e.at())
        };
        let mut first: BTreeMap<String, &Event> = BTreeMap::new();
        for event in events {
            let least = first.entry(event.device.clone()).or_insert(event);
            if rank(event) < rank(least) {
                *least = event;
            }
        }
        let mut balance = Self::default();
        for (device, e) in first {
            let hour = e.event_time - e.event_time.rem_euclid(HOUR);
            *balance
                .new_users
                .entry((e.channel.clone(), hour))
                .or_default() += 1;
            let credit = (e.channel.clone(), e.received, e.at());
            balance.credited.insert(device, credit);
        }
        balance
    }
}
