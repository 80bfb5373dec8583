//! The tables that the tests ask for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array,
    Decimal128Array, Decimal256Array, DictionaryArray, DurationMicrosecondArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, LargeListArray, ListArray,
    MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder, StringViewArray, StructArray,
    Time32MillisecondArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, IntervalMonthDayNano, Schema, SchemaRef, i256,
};
use arrow::error::ArrowError;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{MemTable, MemorySchemaProvider};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use futures::stream;

/// Puts all tables into a session's catalog.
pub(super) async fn register(ctx: &SessionContext) -> Result<()> {
    let types = every_type()?;
    ctx.register_batch("types", types)?;
    ctx.register_batch("entries", entries()?)?;
    planning::frame(ctx, "CREATE VIEW new_users AS SELECT channel, sum(sign) AS new_users FROM entries GROUP BY channel")
        .await?;
    planning::frame(
        ctx,
        "CREATE VIEW coerced AS SELECT CASE WHEN sign > 0 THEN 1 ELSE 2.5 END AS x, \
         sign = '1' AS y, coalesce(sign, 3.5) AS z FROM entries",
    )
    .await?;
    ctx.register_batch("t_1", RecordBatch::try_from_iter([("a", ints(3))])?)?;
    ctx.register_batch("tx1", RecordBatch::try_from_iter([("a", ints(1))])?)?;
    ctx.register_table("endless", Arc::new(endless()?))?;
    let empty = MemTable::try_new(entries()?.schema(), vec![vec![]])?;
    ctx.register_table("empty", Arc::new(empty))?;
    if let Some(catalog) = ctx.catalog("headwater") {
        catalog.register_schema("realtime", Arc::new(MemorySchemaProvider::new()))?;
        ctx.register_batch(
            "realtime.t_1",
            RecordBatch::try_from_iter([("a", ints(7))])?,
        )?;
    }
    Ok(())
}

fn ints(n: i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(0..n))
}

/// Rows as the engine's tables have them.
fn entries() -> Result<RecordBatch, ArrowError> {
    let n: i64 = 20_000;
    let utc = |unit: i64| {
        TimestampMicrosecondArray::from_iter_values(
            (0..n).map(|i| 1_700_000_000_000_000 + i * unit),
        )
        .with_timezone("UTC")
    };
    let position = StructArray::try_from(vec![
        (
            "topic",
            Arc::new(StringArray::from_iter_values((0..n).map(|_| "mobile"))) as ArrayRef,
        ),
        (
            "incarnation",
            Arc::new(Int32Array::from_iter_values((0..n).map(|_| 1))) as ArrayRef,
        ),
        (
            "partition",
            Arc::new(Int32Array::from_iter_values(
                (0..n).map(|i| (i % 12) as i32),
            )) as ArrayRef,
        ),
        (
            "offset",
            Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef,
        ),
        (
            "element",
            Arc::new(Int32Array::from_iter_values((0..n).map(|_| 0))) as ArrayRef,
        ),
    ])?;
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        (
            "device",
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|i| format!("{i:032x}")),
            )),
            false,
        ),
        (
            "channel",
            Arc::new(StringArray::from_iter(
                (0..n).map(|i| (i % 7 != 0).then(|| format!("c{}", i % 7))),
            )),
            true,
        ),
        ("event_time", Arc::new(utc(1_000)), true),
        ("received", Arc::new(utc(1_001)), false),
        (
            "tie",
            Arc::new(BinaryArray::from_iter(
                (0..n).map(|i| (i % 2 == 0).then(|| i.to_be_bytes())),
            )),
            true,
        ),
        (
            "sign",
            Arc::new(Int32Array::from_iter_values((0..n).map(|_| 1))),
            false,
        ),
        ("position", Arc::new(position), false),
    ];
    let schema = Schema::new(
        columns
            .iter()
            .map(|(name, array, null)| Field::new(*name, array.data_type().clone(), *null))
            .collect::<Vec<_>>(),
    );
    RecordBatch::try_new(
        Arc::new(schema),
        columns.into_iter().map(|(_, array, _)| array).collect(),
    )
}

/// A column of each type of Arrow, three rows with a null in the middle.
pub(super) fn every_type() -> Result<RecordBatch, ArrowError> {
    let mut columns = plain()?;
    columns.extend(times());
    columns.extend(nested()?);
    columns.extend(encoded()?);
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn plain() -> Result<Columns, ArrowError> {
    let bytes = [Some(b"\x00\xff".as_slice()), None, Some(b"")];
    let pairs = [Some(b"ab"), None, Some(b"cd")].into_iter();
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(pairs, 2)?;
    Ok(vec![
        ("null", Arc::new(NullArray::new(3))),
        (
            "bool",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "i8",
            Arc::new(Int8Array::from(vec![Some(i8::MIN), None, Some(i8::MAX)])),
        ),
        (
            "i16",
            Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX)])),
        ),
        (
            "i32",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX)])),
        ),
        (
            "i64",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
        ),
        (
            "u8",
            Arc::new(UInt8Array::from(vec![Some(0), None, Some(u8::MAX)])),
        ),
        (
            "u16",
            Arc::new(UInt16Array::from(vec![Some(0), None, Some(u16::MAX)])),
        ),
        (
            "u32",
            Arc::new(UInt32Array::from(vec![Some(0), None, Some(u32::MAX)])),
        ),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![Some(0), None, Some(1 << 62)])),
        ),
        (
            "f16",
            Arc::new(
                [Some(1.5_f32), None, Some(-2.0)]
                    .into_iter()
                    .map(|f| f.map(half))
                    .collect::<Float16Array>(),
            ),
        ),
        (
            "f32",
            Arc::new(Float32Array::from(vec![Some(1.25), None, Some(-0.5)])),
        ),
        (
            "f64",
            Arc::new(Float64Array::from(vec![Some(1e300), None, Some(-0.1)])),
        ),
        (
            "dec128",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345), None, Some(-1)])
                    .with_data_type(DataType::Decimal128(38, 4)),
            ),
        ),
        (
            "dec256",
            Arc::new(
                Decimal256Array::from(vec![Some(i256::from(12_345)), None, Some(i256::from(-1))])
                    .with_data_type(DataType::Decimal256(60, 2)),
            ),
        ),
        (
            "utf8",
            Arc::new(StringArray::from(vec![Some("é"), None, Some("")])),
        ),
        (
            "utf8_view",
            Arc::new(StringViewArray::from(vec![
                Some("longer than twelve bytes"),
                None,
                Some("short"),
            ])),
        ),
        ("binary", Arc::new(BinaryArray::from_iter(bytes))),
        ("binary_view", Arc::new(BinaryViewArray::from_iter(bytes))),
        ("fixed", Arc::new(fixed)),
    ])
}

fn half(f: f32) -> <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native {
    <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native::from_f32(f)
}

fn times() -> Columns {
    let at = [Some(1_700_000_000_i64), None, Some(-1)];
    let scaled = |by: i64| at.iter().map(|s| s.map(|s| s * by)).collect::<Vec<_>>();
    vec![
        (
            "date32",
            Arc::new(Date32Array::from(vec![Some(19_000), None, Some(-1)])),
        ),
        (
            "date64",
            Arc::new(Date64Array::from(vec![Some(86_400_000), None, Some(0)])),
        ),
        (
            "time32",
            Arc::new(Time32MillisecondArray::from(vec![
                Some(1_000),
                None,
                Some(0),
            ])),
        ),
        (
            "time64",
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(86_399_999_999),
                None,
                Some(0),
            ])),
        ),
        ("ts_s", Arc::new(TimestampSecondArray::from(scaled(1)))),
        (
            "ts_ms",
            Arc::new(TimestampMillisecondArray::from(scaled(1_000))),
        ),
        (
            "ts_us",
            Arc::new(TimestampMicrosecondArray::from(scaled(1_000_000))),
        ),
        (
            "ts_ns",
            Arc::new(TimestampNanosecondArray::from(scaled(1_000_000_000))),
        ),
        (
            "ts_utc",
            Arc::new(TimestampMicrosecondArray::from(scaled(1_000_000)).with_timezone("UTC")),
        ),
        (
            "ts_east",
            Arc::new(TimestampMillisecondArray::from(scaled(1_000)).with_timezone("+08:00")),
        ),
        (
            "duration",
            Arc::new(DurationMicrosecondArray::from(vec![
                Some(1_500_000),
                None,
                Some(0),
            ])),
        ),
        (
            "interval",
            Arc::new(IntervalMonthDayNanoArray::from(vec![
                Some(IntervalMonthDayNano::new(1, 2, 3_000_000_000)),
                None,
                Some(IntervalMonthDayNano::new(0, 0, 0)),
            ])),
        ),
    ]
}

fn nested() -> Result<Columns, ArrowError> {
    let lists = vec![Some(vec![Some(1), None]), None, Some(vec![])];
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true)?;
    map.append(false)?;
    map.append(true)?;
    let inner = StructArray::try_from(vec![
        (
            "a",
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])) as ArrayRef,
        ),
        (
            "b",
            Arc::new(StringViewArray::from(vec![Some("x"), None, None])) as ArrayRef,
        ),
        (
            "t",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(1)]).with_timezone("UTC"),
            ) as ArrayRef,
        ),
    ])?;
    let list_of_struct: ArrayRef = Arc::new(ListArray::try_new(
        Arc::new(Field::new("item", inner.data_type().clone(), true)),
        arrow::buffer::OffsetBuffer::from_lengths([2, 0, 1]),
        Arc::new(inner.clone()),
        Some(vec![true, false, true].into()),
    )?);
    Ok(vec![
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                lists.clone(),
            )),
        ),
        (
            "large_list",
            Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(
                lists,
            )),
        ),
        (
            "fixed_list",
            Arc::new(FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
                vec![
                    Some(vec![Some(1), Some(2)]),
                    None,
                    Some(vec![None, Some(4)]),
                ],
                2,
            )),
        ),
        ("struct", Arc::new(inner)),
        ("list_struct", list_of_struct),
        ("map", Arc::new(map.finish())),
    ])
}

/// Types that most drivers cannot read, and the server turns into others.
fn encoded() -> Result<Columns, ArrowError> {
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]));
    let dictionary: DictionaryArray<Int32Type> =
        vec![Some("red"), None, Some("blue")].into_iter().collect();
    let view = DataType::ListView(Arc::new(Field::new("item", DataType::Utf8View, true)));
    let list = ListArray::try_new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        arrow::buffer::OffsetBuffer::from_lengths([1, 0, 2]),
        Arc::clone(&text),
        Some(vec![true, false, true].into()),
    )?;
    let cents: ArrayRef = Arc::new(
        Decimal128Array::from(vec![Some(199), None, Some(-1)])
            .with_data_type(DataType::Decimal128(9, 2)),
    );
    Ok(vec![
        ("large_utf8", cast(&text, &DataType::LargeUtf8)?),
        ("large_binary", cast(&text, &DataType::LargeBinary)?),
        ("dictionary", Arc::new(dictionary)),
        ("list_view", cast(&list, &view)?),
        ("dec32", cast(&cents, &DataType::Decimal32(9, 2))?),
        ("dec64", cast(&cents, &DataType::Decimal64(12, 2))?),
    ])
}

/// How many streams of the endless table are alive.
pub(super) static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// A table that never ends.
fn endless() -> Result<StreamingTable> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    StreamingTable::try_new(Arc::clone(&schema), vec![Arc::new(Endless(schema))])
}

#[derive(Debug)]
struct Endless(SchemaRef);

/// Counts a stream as alive until it is dropped.
struct Alive;

impl Alive {
    fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PartitionStream for Endless {
    fn schema(&self) -> &SchemaRef {
        &self.0
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.0);
        let batches = stream::unfold((0, Alive::new()), move |(n, alive)| {
            let schema = Arc::clone(&schema);
            async move {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                let column: ArrayRef = Arc::new(Int64Array::from(vec![n; 1_000]));
                let batch = RecordBatch::try_new(schema, vec![column]).map_err(Into::into);
                Some((batch, (n + 1, alive)))
            }
        });
        let adapter = RecordBatchStreamAdapter::new(Arc::clone(&self.0), batches);
        let adapter: Pin<Box<_>> = Box::pin(adapter);
        adapter
    }
}
