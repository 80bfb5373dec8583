//! The schema announced is the schema sent, in types that clients can read.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt};
use arrow_flight::{FlightDescriptor, IpcMessage};
use prost::Message;

use super::fixture::{Server, query, read};

fn reads_badly(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Utf8View | T::BinaryView | T::LargeUtf8 | T::LargeBinary | T::Dictionary(..) => true,
        T::RunEndEncoded(..) | T::ListView(_) | T::LargeListView(_) | T::LargeList(_) => true,
        T::Float16 | T::Decimal32(..) | T::Decimal64(..) => true,
        T::List(item) | T::FixedSizeList(item, _) | T::Map(item, _) => {
            reads_badly(item.data_type())
        }
        T::Struct(fields) => fields.iter().any(|f| reads_badly(f.data_type())),
        _ => false,
    }
}

#[tokio::test]
async fn every_type_arrives_with_its_nulls() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let answer = query(&mut client, "SELECT * FROM types").await;
    assert_eq!(answer.rows(), 3);
    for field in answer.sent.fields() {
        assert!(!reads_badly(field.data_type()), "{field}");
    }
    let whole = super::samples::every_type().unwrap();
    for (name, column) in whole.schema().fields().iter().zip(whole.columns()) {
        let sent = answer.batches[0].column_by_name(name.name()).unwrap();
        let text = |a: &arrow::array::ArrayRef| {
            (0..3)
                .map(|i| arrow::util::display::array_value_to_string(a, i).unwrap())
                .collect::<Vec<_>>()
        };
        if name.name() != "f16" {
            // A half is shown without the dot that a float has.
            assert_eq!(text(sent), text(column), "{name}");
        }
        assert_eq!(
            sent.logical_null_count(),
            column.logical_null_count(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn empty_results_keep_their_schema() {
    let server = Server::open().await;
    let mut client = server.client().await;
    for sql in [
        "SELECT * FROM types WHERE false",
        "SELECT * FROM empty",
        "SELECT channel, max(event_time) FROM empty GROUP BY channel",
    ] {
        let answer = query(&mut client, sql).await;
        assert_eq!(answer.rows(), 0, "{sql}");
        assert!(!answer.announced.fields().is_empty());
    }
}

/// Physical plans answer some aggregates from statistics, and name and null columns their own way.
#[tokio::test]
async fn nullability_and_names_are_those_announced() {
    let server = Server::open().await;
    let mut client = server.client().await;
    for sql in [
        "SELECT count(*), min(received), max(received), min(device), sum(sign) FROM entries",
        "SELECT count(*), min(received), max(channel) FROM empty",
        "SELECT e.device, e.\"position\", f.channel FROM entries e LEFT JOIN entries f ON e.device = f.device LIMIT 3",
        "SELECT sign FROM entries UNION ALL SELECT 1.5 ORDER BY 1 LIMIT 2",
        "SELECT 1 AS a, 'x' AS b, NULL AS c, arrow_cast('y', 'Dictionary(Int32, Utf8)') AS d",
        "SELECT named_struct('a', 1, 'b', 'x') AS s, [1, NULL] AS l, map(['k'], ['v']) AS m",
        "SELECT * FROM new_users ORDER BY channel",
        "EXPLAIN SELECT * FROM entries",
        "SHOW TABLES",
        "SHOW ALL",
        "DESCRIBE entries",
        "VALUES (1, 'a'), (2, NULL)",
        "SELECT now(), current_date, INTERVAL '1' DAY, 1::decimal(10,2)",
    ] {
        // The fixture compares what is announced with what is sent.
        let answer = query(&mut client, sql).await;
        for field in answer.sent.fields() {
            assert!(!reads_badly(field.data_type()), "{sql}: {field}");
        }
    }
}

#[tokio::test]
async fn zoned_timestamps_go_naive_to_old_jdbc_drivers_only() {
    let server = Server::open().await;
    let sql = "SELECT ts_utc, ts_east, \"struct\" FROM types";
    let zone = |data_type: &DataType| match data_type {
        DataType::Timestamp(_, zone) => zone.clone(),
        other => panic!("{other}"),
    };
    let mut modern = FlightSqlServiceClient::new(server.channel("JDBC Flight SQL Driver 19").await);
    let answer = query(&mut modern, sql).await;
    assert_eq!(
        zone(answer.sent.field(0).data_type()).as_deref(),
        Some("UTC")
    );

    let mut old = FlightSqlServiceClient::new(server.channel("grpc-java-netty/1.71.0").await);
    let naive = query(&mut old, sql).await;
    assert_eq!(zone(naive.sent.field(0).data_type()), None);
    assert_eq!(zone(naive.sent.field(1).data_type()), None);
    let DataType::Struct(fields) = naive.sent.field(2).data_type() else {
        panic!("a struct stays one")
    };
    assert_eq!(
        fields[2].data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, None)
    );
    // Naive UTC: the same instant, not the zone's wall time.
    let values = |a: &super::fixture::Answer| {
        a.batches[0]
            .column(0)
            .as_primitive::<TimestampMicrosecondType>()
            .values()
            .to_vec()
    };
    assert_eq!(values(&naive), values(&answer));

    old.handshake("a", "b").await.unwrap();
    query(&mut old, "SET timestamptz = 'native'").await;
    assert_eq!(
        zone(query(&mut old, sql).await.sent.field(1).data_type()).as_deref(),
        Some("+08:00")
    );
    query(&mut old, "SET timestamptz = naive").await;
    assert_eq!(
        zone(query(&mut old, sql).await.sent.field(1).data_type()),
        None
    );
}

#[tokio::test]
async fn the_native_profile_sends_the_engines_types() {
    let server = Server::open().await;
    let mut client = server.client().await;
    client.set_header("profile", "native");
    let sql = "SELECT utf8_view, dictionary, list_view, f16, dec32, large_list FROM types";
    let answer = query(&mut client, sql).await;
    let types = super::samples::every_type().unwrap().schema();
    for field in answer.sent.fields() {
        let own = types.field_with_name(field.name()).unwrap();
        assert_eq!(field.data_type(), own.data_type());
    }
    assert_eq!(answer.rows(), 3);
}

#[tokio::test]
async fn preparing_get_schema_and_bare_sql_tell_the_same_schema() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let sql = "SELECT * FROM types";
    let answer = query(&mut client, sql).await;

    let prepared = client.prepare(sql.to_owned(), None).await.unwrap();
    assert_eq!(*prepared.dataset_schema().unwrap(), answer.announced);

    let command = CommandStatementQuery {
        query: sql.to_owned(),
        transaction_id: None,
    };
    let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
    let flight = client.inner_mut();
    let schema = flight.get_schema(descriptor.clone()).await.unwrap();
    let schema = arrow::datatypes::Schema::try_from(IpcMessage(schema.into_inner().schema));
    assert_eq!(schema.unwrap(), answer.announced);

    let polled = flight.poll_flight_info(descriptor).await.unwrap();
    let polled = polled.into_inner();
    assert_eq!(
        (polled.flight_descriptor, polled.progress),
        (None, Some(1.0))
    );
    let schema = polled.info.unwrap().try_decode_schema().unwrap();
    assert_eq!(schema, answer.announced);

    let bare = FlightDescriptor::new_cmd(sql.as_bytes().to_vec());
    let info = flight.get_flight_info(bare).await.unwrap().into_inner();
    assert_eq!(read(&mut client, info).await.unwrap().rows(), 3);
}
