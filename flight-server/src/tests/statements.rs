//! Which statements are taken, and how the others are refused.

use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{Action, FlightData, FlightDescriptor, Ticket};
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::Code;

use super::fixture::{Server, bytes_of, query, query_refusal, read, refusal};

#[tokio::test]
async fn statements_that_change_things_are_refused() {
    let server = Server::open().await;
    let mut client = server.client().await;
    for (sql, name) in [
        ("CREATE TABLE x AS SELECT 1", "CREATE TABLE"),
        ("CREATE VIEW x AS SELECT 1", "CREATE VIEW"),
        (
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "CREATE EXTERNAL TABLE",
        ),
        ("DROP TABLE entries", "DROP TABLE"),
        ("INSERT INTO t_1 VALUES (1)", "INSERT"),
        ("INSERT INTO nowhere VALUES (1)", "INSERT"),
        ("DELETE FROM t_1", "DELETE"),
        ("UPDATE t_1 SET a = 1", "UPDATE"),
        ("TRUNCATE TABLE t_1", "TRUNCATE"),
        ("COPY t_1 TO '/tmp/never.csv'", "COPY"),
        (
            "COPY (SELECT 1) TO '/tmp/never.parquet' STORED AS PARQUET",
            "COPY",
        ),
        ("EXPLAIN INSERT INTO t_1 VALUES (1)", "INSERT"),
        ("EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1", "CREATE TABLE"),
        ("SELECT * INTO x FROM t_1", "only: CreateMemoryTable is"),
        (
            "CREATE FUNCTION f(BIGINT) RETURNS BIGINT RETURN $1",
            "CREATE FUNCTION",
        ),
    ] {
        let refused = query_refusal(&mut client, sql).await;
        assert_eq!(refused.code(), Code::Unimplemented, "{sql}: {refused:?}");
        assert!(
            refused.message().contains("read-only"),
            "{sql}: {refused:?}"
        );
        assert!(refused.message().contains(name), "{sql}: {refused:?}");
        assert!(client.prepare(sql.to_owned(), None).await.is_err(), "{sql}");
        assert!(
            client.execute_update(sql.to_owned(), None).await.is_err(),
            "{sql}"
        );
    }
    for sql in ["BEGIN", "COMMIT", "PREPARE p AS SELECT 1", "EXECUTE p"] {
        let refused = query_refusal(&mut client, sql).await;
        assert_eq!(refused.code(), Code::Unimplemented, "{sql}: {refused:?}");
    }
    assert!(!std::path::Path::new("/tmp/never.csv").exists());
}

#[tokio::test]
async fn errors_say_what_and_where() {
    let server = Server::open().await;
    let mut client = server.client().await;
    for (sql, code, part) in [
        ("SELEC 1", Code::InvalidArgument, "Line: 1, Column: 1"),
        (
            "SELECT nope FROM entries",
            Code::InvalidArgument,
            "(line 1, column 8)",
        ),
        ("SELECT * FROM nowhere", Code::NotFound, "nowhere"),
        ("SELECT nofun(1)", Code::InvalidArgument, "nofun"),
        (
            "SELECT 1; SELECT 2",
            Code::InvalidArgument,
            "one statement at a time",
        ),
        ("SELECT 1/0", Code::InvalidArgument, "ivide by zero"),
        (
            "SELECT CAST(utf8 AS INT) FROM types",
            Code::InvalidArgument,
            "Int32",
        ),
        (
            "SET datafusion.optimizer.max_passes = 1",
            Code::InvalidArgument,
            "no setting",
        ),
        ("SET timezone = 'Mars/Olympus'", Code::InvalidArgument, ""),
        ("", Code::InvalidArgument, ""),
    ] {
        let refused = query_refusal(&mut client, sql).await;
        assert_eq!(refused.code(), code, "{sql}: {refused:?}");
        assert!(refused.message().contains(part), "{sql}: {refused:?}");
    }
}

#[tokio::test]
async fn set_runs_once_whichever_way_it_comes() {
    let server = Server::open().await;
    let mut client = server.client_of("a", "b").await;
    let zone = "SHOW timezone";
    let seen = |answer: &super::fixture::Answer| answer.text();

    // Without reading the result, as drivers do.
    client
        .execute("SET timezone = '+01:00'".to_owned(), None)
        .await
        .unwrap();
    assert!(seen(&query(&mut client, zone).await).contains("+01:00"));

    let n = client
        .execute_update("SET timezone = '+02:00'".to_owned(), None)
        .await;
    assert_eq!(n.unwrap(), 0);
    assert!(seen(&query(&mut client, zone).await).contains("+02:00"));

    let mut prepared = client
        .prepare("SET timezone = '+03:00'".to_owned(), None)
        .await
        .unwrap();
    assert!(prepared.dataset_schema().unwrap().fields().is_empty());
    assert_eq!(prepared.execute_update().await.unwrap(), 0);
    assert!(seen(&query(&mut client, zone).await).contains("+03:00"));

    let answer = query(&mut client, "SET timezone = '+04:00'").await;
    assert_eq!(answer.column(), ["0"]);
    assert!(seen(&query(&mut client, zone).await).contains("+04:00"));
    assert!(
        client
            .execute_update("SELECT 1".to_owned(), None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_ticket_can_be_read_again_but_not_by_another_user() {
    let server = Server::closed().await;
    let mut ann = server.client_of("ann", "pa:ss").await;
    let mut bob = server.client_of("bob", "word").await;
    let info = ann.execute("SELECT 42".to_owned(), None).await.unwrap();
    for _ in 0..2 {
        assert_eq!(read(&mut ann, info.clone()).await.unwrap().column(), ["42"]);
    }
    let refused = refusal(read(&mut bob, info).await);
    assert_eq!(refused.code(), Code::PermissionDenied);

    let made_up = TicketStatementQuery {
        statement_handle: "0123456789abcdef0123456789abcdef".into(),
    };
    let ticket = Ticket::new(made_up.as_any().encode_to_vec());
    assert_eq!(
        refusal(ann.do_get(ticket).await.map(|_| ())).code(),
        Code::NotFound
    );

    let mut prepared = ann.prepare("SELECT 1".to_owned(), None).await.unwrap();
    let info = prepared.execute().await.unwrap();
    let descriptor = info.flight_descriptor.unwrap();
    bob.set_header("authorization", format!("Bearer {}", bob.token().unwrap()));
    let mut request = tonic::Request::new(descriptor);
    let bearer = format!("Bearer {}", bob.token().unwrap());
    request
        .metadata_mut()
        .insert("authorization", bearer.parse().unwrap());
    let refused = bob.inner_mut().get_flight_info(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_ticket_may_be_the_command_itself() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let command = CommandStatementQuery {
        query: "SELECT 5".to_owned(),
        transaction_id: None,
    };
    let stream = client
        .do_get(Ticket::new(command.as_any().encode_to_vec()))
        .await
        .unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(batches[0].num_rows(), 1);
}

#[tokio::test]
async fn large_results_come_in_messages_below_four_mebibytes() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let sql = "SELECT e.*, repeat(e.device, 40) AS pad FROM entries e";
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let flight = client.inner_mut();
    let messages: Vec<FlightData> = flight
        .do_get(ticket)
        .await
        .unwrap()
        .into_inner()
        .try_collect()
        .await
        .unwrap();
    let sizes: Vec<usize> = messages.iter().map(bytes_of).collect();
    assert!(sizes.iter().all(|n| *n < 4 << 20), "{sizes:?}");
    assert!(
        sizes.iter().sum::<usize>() > 20 << 20 && sizes.len() < 100,
        "{sizes:?}"
    );
}

#[tokio::test]
async fn actions_are_listed_and_unknown_ones_refused() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let flight = client.inner_mut();
    let listed: Vec<_> = flight
        .list_actions(arrow_flight::Empty {})
        .await
        .unwrap()
        .into_inner()
        .map(|a| a.unwrap().r#type)
        .collect()
        .await;
    assert!(listed.contains(&"CancelFlightInfo".to_owned()) && listed.len() == 7);
    for name in [
        "BeginTransaction",
        "CreatePreparedSubstraitPlan",
        "Nonsense",
    ] {
        let refused = flight.do_action(Action::new(name, "")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{name}");
    }
    let nothing = stream::empty::<FlightData>();
    let refused = flight.do_put(nothing).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let descriptor = FlightDescriptor::new_cmd(vec![0xff, 0xfe]);
    let refused = flight.get_flight_info(descriptor).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
