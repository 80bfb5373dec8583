//! The codes of SqlInfo with the types that drivers cast them to.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt32Type;
use arrow_flight::sql::SqlInfo;

use super::fixture::{Client, Server, read};

async fn info(client: &mut Client, codes: Vec<SqlInfo>) -> RecordBatch {
    let info = client.get_sql_info(codes).await.unwrap();
    let answer = read(client, info).await.unwrap();
    arrow::compute::concat_batches(&answer.sent, &answer.batches).unwrap()
}

/// Codes with the letter of their union child: text, bool, bigint (l), int bitmask, list (s), map.
const GOLDEN: &str = "0t 1t 2t 3b 4b 5b 6t 7t 8i 9b 10b 11b 100i 101i 500b 501b 502b 503l 504t \
    505l 506b 507l 508s 509s 510s 511s 512s 513t 514t 515b 516b 517m 518b 519b 520b 521b 522i \
    523b 524b 525i 526i 527b 528i 529t 530t 531t 532b 533i 534i 535i 536b 537b 538i 539b 540i \
    541l 542l 543l 544l 545l 546l 547l 548l 549l 550l 551l 552l 553l 554l 555l 556b 557l 558l \
    559l 560l 561l 562l 563b 564i 565b 566b 567i 568i 569i 570i 571i 572b 573b 574b 575b 576b";

#[tokio::test]
async fn every_code_has_its_type() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let batch = info(&mut client, vec![]).await;
    let codes = batch.column(0).as_primitive::<UInt32Type>();
    let values = batch.column(1).as_union();
    let letters = ['t', 'b', 'l', 'i', 's', 'm'];
    let found: Vec<String> = (0..batch.num_rows())
        .map(|i| format!("{}{}", codes.value(i), letters[values.type_id(i) as usize]))
        .collect();
    assert_eq!(
        found.join(" "),
        GOLDEN.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    for i in 0..batch.num_rows() {
        assert!(
            values.value(i).is_valid(0),
            "code {} has a value",
            codes.value(i)
        );
    }
    // Every code that arrow-flight knows of, and no other.
    let known = (0..1_000).filter(|c| SqlInfo::try_from(*c).is_ok()).count();
    assert_eq!(known, batch.num_rows());
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let batch = info(
        &mut client,
        vec![
            SqlInfo::FlightSqlServerTransaction,
            SqlInfo::FlightSqlServerName,
        ],
    )
    .await;
    let codes = batch.column(0).as_primitive::<UInt32Type>();
    assert_eq!(codes.values().to_vec(), [0, 8]);
    let name = batch.column(1).as_union().value(0);
    assert_eq!(name.as_string::<i32>().value(0), "Headwater");
}

#[tokio::test]
async fn functions_are_those_of_the_session() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let batch = info(&mut client, vec![SqlInfo::SqlNumericFunctions]).await;
    let list = batch.column(1).as_union().value(0);
    let names = list.as_list::<i32>().value(0);
    let names: Vec<&str> = names.as_string::<i32>().iter().flatten().collect();
    assert!(
        names.contains(&"ABS") && !names.contains(&"UPPER"),
        "{names:?}"
    );
}
