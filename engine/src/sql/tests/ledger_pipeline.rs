//! The pipeline into a ledger: keys of all rows, everything else for the chosen ones.

use arrow::array::{BinaryArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use super::*;
use crate::sql::LedgerPipelinePlan;

const EVENTS: (&str, &str) = (
    "tables/ev.sql",
    "CREATE EXTERNAL TABLE ev (
         product STRING NOT NULL, device STRING NOT NULL, channel STRING, kind STRING,
         event_time TIMESTAMP NOT NULL, event_id STRING, tie BINARY
     ) STORED AS DELTA PARTITIONED BY (product, arrival_hour) LOCATION 'ev'",
);
const FEED: (&str, &str) = (
    "pipelines/feed.sql",
    "INSERT INTO ev SELECT CAST(key AS STRING) AS product, CAST(value AS STRING) AS device,
     NULL AS channel, NULL AS kind, received AS event_time, NULL AS event_id, NULL AS tie FROM raw",
);
const LEDGER: (&str, &str) = (
    "ledgers/first.sql",
    "CREATE EXTERNAL TABLE first (
         product STRING NOT NULL, device STRING NOT NULL, channel STRING,
         event_time TIMESTAMP NOT NULL, tie BINARY
     ) STORED AS LEDGER PARTITIONED BY (product, posted_day) LOCATION 'first'
     OPTIONS ('key' 'product, device', 'order' 'received, event_time, tie, channel')",
);
const FIRSTS: &str = "INSERT INTO first SELECT device, product, channel, event_time,
     CASE WHEN event_id IS NULL THEN tie ELSE tie(event_id, NULL) END AS tie
     FROM ev WHERE kind IN ('launch', 'install')";

fn events(schema: &SchemaRef, devices: &[&str], kinds: &[Option<&str>]) -> RecordBatch {
    let rows = devices.len();
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "product" => Arc::new(StringArray::from(vec!["browser"; rows])),
                "device" => Arc::new(StringArray::from(devices.to_vec())),
                "kind" => Arc::new(StringArray::from(kinds.to_vec())),
                "event_id" => Arc::new(
                    (0..rows)
                        .map(|i| (i % 2 == 0).then(|| i.to_string()))
                        .collect::<StringArray>(),
                ),
                "tie" => Arc::new(BinaryArray::from_vec(vec![b"8 bytes!"; rows])),
                "received" | "event_time" | "arrival_hour" => Arc::new(
                    TimestampMicrosecondArray::from_iter_values(
                        (0..rows as i64).map(|i| RECEIVED_US + i),
                    )
                    .with_timezone("UTC"),
                ),
                "position" => {
                    let fields = crate::values::position_fields();
                    let topic = Arc::new(StringArray::from(vec!["raw-logs"; rows])) as ArrayRef;
                    let zero = Arc::new(Int32Array::from(vec![0; rows])) as ArrayRef;
                    let offset = Arc::new(Int64Array::from(vec![0; rows])) as ArrayRef;
                    let columns = vec![topic, zero.clone(), zero.clone(), offset, zero];
                    Arc::new(arrow::array::StructArray::new(fields, columns, None))
                }
                _ => arrow::array::new_null_array(field.data_type(), rows),
            }
        })
        .collect();
    RecordBatch::try_new(schema.clone(), columns).unwrap()
}

#[test]
fn keys_come_first_and_the_rest_only_for_the_chosen_rows() {
    let configuration = configuration(&[
        SOURCE,
        EVENTS,
        FEED,
        LEDGER,
        ("pipelines/firsts.sql", FIRSTS),
    ]);
    let def = configuration
        .pipelines
        .iter()
        .find(|p| &*p.name == "firsts")
        .unwrap();
    let plan = LedgerPipelinePlan::compile(def, &configuration, &session()).unwrap();
    let input = events(
        &configuration.table("ev").unwrap().schema,
        &["a", "b", "c", "d"],
        &[Some("launch"), Some("other"), Some("install"), None],
    );
    let keys = futures::executor::block_on(plan.keys(&input)).unwrap();
    assert_eq!(keys.rows.schema().field(0).name(), "product");
    assert_eq!(strings(&keys.rows, "device"), ["a", "c"]);
    assert_eq!(
        keys.received.values().as_ref(),
        [RECEIVED_US, RECEIVED_US + 2]
    );
    let mask = keys.choose(&BooleanArray::from(vec![false, true])).unwrap();
    assert_eq!(mask, BooleanArray::from(vec![false, false, true, false]));

    let chosen = filter_record_batch(&input, &mask).unwrap();
    let candidates = futures::executor::block_on(plan.candidates(&chosen)).unwrap();
    assert_eq!(candidates.rows.schema(), *plan.schema());
    assert_eq!(strings(&candidates.rows, "device"), ["c"]);
    let tie = candidates.rows["tie"].as_binary::<i32>();
    assert_eq!(tie.value(0).len(), 8);
    assert_ne!(tie.value(0), b"8 bytes!", "row 2 has an event id");
    assert_eq!(candidates.input, chosen);

    let whole = futures::executor::block_on(plan.candidates(&input)).unwrap();
    assert_eq!(
        whole.input.num_rows(),
        2,
        "what the WHERE puts aside is put aside here too"
    );
    assert_eq!(
        strings(&whole.input, "device"),
        strings(&whole.rows, "device")
    );
}

#[test]
fn a_ledger_has_no_dead_letters_so_what_may_be_null_is_refused() {
    let sql = "INSERT INTO first SELECT product, kind AS device, channel, event_time, tie FROM ev";
    let told = faults(&[SOURCE, EVENTS, FEED, LEDGER, ("pipelines/firsts.sql", sql)]);
    assert_eq!(
        told,
        [
            "pipelines/firsts.sql: in SELECT: column device may be null, but first declares it NOT \
          NULL; declare it NOT NULL in ev, or write coalesce(device, …): a ledger has no dead letters"
        ]
    );
}

#[test]
fn a_ledger_is_fed_by_one_pipeline_from_a_table_that_one_writes() {
    let again = ("pipelines/again.sql", FIRSTS);
    let told = faults(&[
        SOURCE,
        EVENTS,
        FEED,
        LEDGER,
        again,
        ("pipelines/firsts.sql", FIRSTS),
    ]);
    assert_eq!(
        told,
        ["pipelines/firsts.sql: in INSERT INTO: ledger first is already fed by pipeline again"]
    );
    let told = faults(&[SOURCE, EVENTS, LEDGER, ("pipelines/firsts.sql", FIRSTS)]);
    assert_eq!(
        told,
        ["pipelines/firsts.sql: in FROM: no pipeline writes table ev"]
    );
}
