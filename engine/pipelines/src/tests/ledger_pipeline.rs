//! The pipeline into a ledger: keys of all rows, everything else for the chosen ones.

use arrow::array::{BinaryArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use dimensions::NoDimensions;

use super::*;
use crate::{LedgerPipelinePlan, PipelinePlan};

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
                    let fields = common::position_fields();
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

/// The faults of a ledger's pipeline beside the usual files.
fn ledger_faults(sql: &str) -> Vec<String> {
    faults(&[
        SOURCE,
        DIMENSION,
        EVENTS,
        FEED,
        LEDGER,
        ("pipelines/firsts.sql", sql),
    ])
}

#[test]
fn a_cast_that_can_fail_may_be_null_however_it_is_written() {
    let told = |device: &str, from: &str| {
        ledger_faults(&format!(
            "INSERT INTO first SELECT product, {device} AS device, channel, event_time, tie FROM {from}"
        ))
    };
    let null = "column device may be null";
    let is_told = |said: Vec<String>| said.len() == 1 && said[0].contains(null);
    assert!(is_told(told(
        "CAST(CAST(device AS BIGINT) AS STRING)",
        "ev"
    )));
    assert!(is_told(told(
        "d",
        "(SELECT *, CAST(CAST(device AS BIGINT) AS STRING) AS d FROM ev WHERE kind = 'x') AS e"
    )));
    let coalesced = "coalesce(CAST(CAST(device AS BIGINT) AS STRING), '-')";
    assert_eq!(told(coalesced, "ev"), Vec::<String>::new());
    assert_eq!(told("CAST(device AS STRING)", "ev"), Vec::<String>::new());
    assert!(told("CAST('x' AS BIGINT)", "ev").len() == 1);
}

#[test]
fn an_implicit_cast_that_can_fail_may_be_null() {
    let ledger = LEDGER
        .1
        .replace("channel STRING", "n BIGINT NOT NULL, channel STRING");
    let told = faults(&[
        SOURCE,
        EVENTS,
        FEED,
        ("ledgers/first.sql", &ledger),
        (
            "pipelines/firsts.sql",
            "INSERT INTO first SELECT product, device, device AS n, channel, event_time, tie FROM ev",
        ),
    ]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("column n may be null, but first declares it NOT NULL"));
}

#[test]
fn what_makes_or_waits_for_rows_belongs_in_front_of_the_table() {
    let help =
        "a ledger's pipeline takes rows as they are: do it in the pipeline that fills its table";
    assert_eq!(
        ledger_faults(
            "INSERT INTO first SELECT p.product, device, channel, event_time, tie
             FROM ev LEFT JOIN apps p ON p.app = ev.channel"
        ),
        [format!(
            "pipelines/firsts.sql:2:32: a join is refused in a ledger's pipeline; {help}"
        )]
    );
    let unnested = ledger_faults(
        "INSERT INTO first SELECT product, device, channel, event_time, tie FROM
         (SELECT *, unnest_outer(elements(make_array(1, 2))) AS l FROM ev) AS e",
    );
    assert_eq!(
        unnested,
        [format!(
            "pipelines/firsts.sql:2:21: unnest_outer() is refused in a ledger's pipeline: it makes \
             several rows of one; {help}"
        )]
    );
}

#[test]
fn a_row_that_an_expression_raises_on_does_not_count_however_rows_are_batched() {
    let sql = "INSERT INTO first SELECT product, device,
         CASE WHEN 10 / (length(device) - 2) > 0 THEN 'a' ELSE 'b' END AS channel, event_time, tie
         FROM ev WHERE 10 / (length(device) - 1) > -100";
    let configuration =
        configuration(&[SOURCE, EVENTS, FEED, LEDGER, ("pipelines/firsts.sql", sql)]);
    let mut pipelines = configuration.pipelines.iter();
    let def = pipelines.find(|p| &*p.name == "firsts").unwrap();
    let plan = LedgerPipelinePlan::compile(def, &configuration, &session()).unwrap();
    let schema = &configuration.table("ev").unwrap().schema;
    let devices = ["x", "xx", "xxx", "y", "yyyy", "yy", "z"];
    let input = events(schema, &devices, &[None; 7]);
    let keys = |input: &RecordBatch| futures::executor::block_on(plan.keys(input)).unwrap();

    let whole = keys(&input);
    assert_eq!(whole.row.values().as_ref(), [1, 2, 4, 5]);
    assert_eq!(strings(&whole.rows, "device"), ["xx", "xxx", "yyyy", "yy"]);
    assert_eq!(whole.received.value(2), RECEIVED_US + 4);
    assert_eq!(plan.passed_over(), 3);
    let all = BooleanArray::from(vec![true; 4]);
    let mask = whole.choose(&all).unwrap();
    let chosen = filter_record_batch(&input, &mask).unwrap();
    let candidates = futures::executor::block_on(plan.candidates(&chosen)).unwrap();
    assert_eq!(strings(&candidates.rows, "device"), ["xxx", "yyyy"]);
    assert_eq!(strings(&candidates.input, "device"), ["xxx", "yyyy"]);
    assert_eq!(plan.passed_over(), 5);

    let apart: Vec<String> = (0..input.num_rows())
        .flat_map(|row| strings(&keys(&input.slice(row, 1)).rows, "device"))
        .collect();
    assert_eq!(apart, ["xx", "xxx", "yyyy", "yy"]);
    assert_eq!(keys(&input.slice(0, 0)).rows.num_rows(), 0);
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

#[test]
fn a_row_of_an_empty_partition_value_does_not_count_in_a_ledger_and_is_a_dead_letter_in_a_table() {
    let firsts = "INSERT INTO first SELECT CASE WHEN device = 'x' THEN '' ELSE product END AS product,
         CASE WHEN device = 'y' THEN '' ELSE device END AS device, channel, event_time, tie FROM ev";
    let pipelines = [FEED, ("pipelines/firsts.sql", firsts)];
    let configuration = configuration(&[&[SOURCE, EVENTS, LEDGER][..], &pipelines].concat());
    let def = |name: &str| {
        let mut pipelines = configuration.pipelines.iter();
        pipelines.find(|p| &*p.name == name).unwrap()
    };
    let plan = LedgerPipelinePlan::compile(def("firsts"), &configuration, &session()).unwrap();
    let schema = &configuration.table("ev").unwrap().schema;
    let input = events(schema, &["x", "y", "z"], &[None; 3]);
    let keys = futures::executor::block_on(plan.keys(&input)).unwrap();
    assert_eq!(keys.row.values().as_ref(), [1, 2]);
    assert_eq!(strings(&keys.rows, "device"), ["", "z"]);
    let candidates = futures::executor::block_on(plan.candidates(&input)).unwrap();
    assert_eq!(strings(&candidates.rows, "device"), ["", "z"]);
    assert_eq!(plan.passed_over(), 2);

    let feed = PipelinePlan::compile(def("feed"), &configuration, &session()).unwrap();
    let mut records = records(&[Some(""), Some("a"), None]);
    let at = records.schema().index_of("key").unwrap();
    let mut columns = records.columns().to_vec();
    columns[at] = Arc::new(BinaryArray::from_vec(vec![b"browser", b"", b""]));
    records = RecordBatch::try_new(records.schema(), columns).unwrap();
    let output = run(&feed, &records, &NoDimensions);
    assert_eq!(accepted(&output), [(0, -1)]);
    let empty = |row| (row, -1, "empty text in product".to_owned());
    assert_eq!(letters(&output), [empty(1), empty(2)]);
}
