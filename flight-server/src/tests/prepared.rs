//! Prepared statements: parameters, copies, and their end.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, NullArray, RecordBatch,
    StringArray, TimestampMicrosecondArray, UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Schema, UnionFields};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, Any, CommandPreparedStatementQuery,
    DoPutPreparedStatementResult, ProstMessageExt,
};
use arrow_flight::{Action, FlightDescriptor, FlightInfo, IpcMessage};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::{Code, Status};

use super::fixture::{Answer, Client, Server, read};
use crate::ServerConfig;

struct Statement {
    handle: Bytes,
    parameters: Schema,
}

async fn prepare(client: &mut Client, sql: &str) -> Result<Statement, Status> {
    let request = ActionCreatePreparedStatementRequest {
        query: sql.to_owned(),
        transaction_id: None,
    };
    let action = Action::new("CreatePreparedStatement", request.as_any().encode_to_vec());
    let results = client.inner_mut().do_action(action).await?.into_inner();
    let results: Vec<_> = results.try_collect().await?;
    let any = Any::decode(&*results[0].body).unwrap();
    let result: ActionCreatePreparedStatementResult = any.unpack().unwrap().unwrap();
    let parameters = if result.parameter_schema.is_empty() {
        Schema::empty()
    } else {
        Schema::try_from(IpcMessage(result.parameter_schema)).unwrap()
    };
    Ok(Statement {
        handle: result.prepared_statement_handle,
        parameters,
    })
}

fn command(handle: &Bytes) -> FlightDescriptor {
    let command = CommandPreparedStatementQuery {
        prepared_statement_handle: handle.clone(),
    };
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

async fn bind(client: &mut Client, handle: &Bytes, batch: RecordBatch) -> Result<Bytes, Status> {
    let messages = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(command(handle)))
        .build(stream::iter([Ok(batch)]))
        .map(|m| m.unwrap());
    let mut results = client.inner_mut().do_put(messages).await?.into_inner();
    let result = results.message().await?.unwrap();
    let result = DoPutPreparedStatementResult::decode(&*result.app_metadata).unwrap();
    Ok(result.prepared_statement_handle.unwrap())
}

async fn info(client: &mut Client, handle: &Bytes) -> Result<FlightInfo, Status> {
    let info = client.inner_mut().get_flight_info(command(handle)).await?;
    Ok(info.into_inner())
}

async fn run(client: &mut Client, handle: &Bytes) -> Result<Answer, Status> {
    let info = info(client, handle).await?;
    read(client, info).await.map_err(|e| match e {
        arrow_flight::error::FlightError::Tonic(s) => *s,
        e => panic!("{e}"),
    })
}

async fn close(client: &mut Client, handle: &Bytes) -> Result<(), Status> {
    let request = ActionClosePreparedStatementRequest {
        prepared_statement_handle: handle.clone(),
    };
    let action = Action::new("ClosePreparedStatement", request.as_any().encode_to_vec());
    let results = client.inner_mut().do_action(action).await?.into_inner();
    let results: Vec<_> = results.try_collect().await?;
    assert!(results.is_empty());
    Ok(())
}

/// One row, columns named by their place as ADBC does.
fn row(values: Vec<ArrayRef>) -> RecordBatch {
    let names: Vec<String> = (0..values.len()).map(|i| i.to_string()).collect();
    RecordBatch::try_from_iter_with_nullable(
        names
            .iter()
            .zip(values)
            .map(|(name, value)| (name, value, true)),
    )
    .unwrap()
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

#[tokio::test]
async fn a_statement_without_parameters_runs_at_once_and_again() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT count(*) FROM entries")
        .await
        .unwrap();
    assert!(s.parameters.fields().is_empty());
    for _ in 0..3 {
        assert_eq!(
            run(&mut client, &s.handle).await.unwrap().column(),
            ["20000"]
        );
    }
    for _ in 0..2 {
        close(&mut client, &s.handle).await.unwrap();
    }
    let gone = run(&mut client, &s.handle).await.err().unwrap();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn parameter_types_are_inferred_in_numeric_order() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let types = |s: &Statement| {
        s.parameters
            .fields()
            .iter()
            .map(|f| f.data_type().to_string())
            .collect::<Vec<_>>()
    };
    let s = prepare(
        &mut client,
        "SELECT device FROM entries WHERE sign = ? AND channel LIKE ? AND device IN (?, ?) \
         AND received BETWEEN ? AND ? AND \"position\"['offset'] > ? AND ? < sign \
         AND sign + ? > 0 AND CAST(? AS DATE) < received AND ? = device LIMIT ?",
    )
    .await
    .unwrap();
    let zoned = "Timestamp(µs, \"UTC\")";
    assert_eq!(
        types(&s),
        [
            "Int32", "Utf8", "Utf8", "Utf8", zoned, zoned, "Int64", "Int32", "Int32", "Date32",
            "Utf8", "Int64"
        ]
    );
    let s = prepare(&mut client, "SELECT $2, $1 + 1::bigint, upper($3)")
        .await
        .unwrap();
    assert_eq!(types(&s), ["Int64", "Utf8", "Utf8"]);
    for (sql, part) in [
        ("SELECT $1, $3", "$2"),
        ("SELECT $name", "$name"),
        ("SELECT ?, $2", "not both"),
    ] {
        let refused = prepare(&mut client, sql).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(part), "{refused:?}");
    }
}

#[tokio::test]
async fn twelve_parameters_are_bound_in_order() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let marks = ["?"; 12].join(" || ',' || ");
    let s = prepare(&mut client, &format!("SELECT {marks}"))
        .await
        .unwrap();
    let values: Vec<ArrayRef> = (0..12).map(|i| text(&format!("v{i}"))).collect();
    let bound = bind(&mut client, &s.handle, row(values)).await.unwrap();
    assert_eq!(
        run(&mut client, &bound).await.unwrap().column(),
        ["v0,v1,v2,v3,v4,v5,v6,v7,v8,v9,v10,v11"]
    );
}

#[tokio::test]
async fn values_are_cast_to_what_the_statement_expects() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(
        &mut client,
        "SELECT count(*) FROM entries WHERE sign = ? AND received >= ? LIMIT ?",
    )
    .await
    .unwrap();
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1_700_000_010_010_000]));
    let bound = bind(
        &mut client,
        &s.handle,
        row(vec![ints(&[1]), at, ints(&[5])]),
    )
    .await
    .unwrap();
    assert_eq!(run(&mut client, &bound).await.unwrap().column(), ["10000"]);
    let day = text("2023-11-14T22:13:20Z");
    let bound = bind(
        &mut client,
        &s.handle,
        row(vec![text("1"), day, ints(&[5])]),
    )
    .await
    .unwrap();
    assert_eq!(run(&mut client, &bound).await.unwrap().column(), ["20000"]);
    let null: ArrayRef = Arc::new(NullArray::new(1));
    let nulls = row(vec![null.clone(), null.clone(), null]);
    let bound = bind(&mut client, &s.handle, nulls).await.unwrap();
    assert_eq!(run(&mut client, &bound).await.unwrap().column(), ["0"]);

    let wrong = row(vec![text("one"), text("2023-11-14"), ints(&[5])]);
    let refused = bind(&mut client, &s.handle, wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().starts_with("parameter $1 must be Int32"),
        "{refused:?}"
    );
    let few = bind(&mut client, &s.handle, row(vec![ints(&[1])]))
        .await
        .unwrap_err();
    assert!(
        few.message().contains("3 parameters, 1 were bound"),
        "{few:?}"
    );
}

#[tokio::test]
async fn a_parameter_of_unknown_type_takes_that_of_its_value() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT ? AS v").await.unwrap();
    assert_eq!(s.parameters.field(0).data_type(), &DataType::Utf8);
    let unbound = run(&mut client, &s.handle).await.err().unwrap();
    assert!(unbound.message().contains("no values are bound"));
    for (value, data_type, shown) in [
        (ints(&[7]), DataType::Int64, "7"),
        (text("seven"), DataType::Utf8, "seven"),
        (
            Arc::new(BooleanArray::from(vec![true])) as ArrayRef,
            DataType::Boolean,
            "true",
        ),
    ] {
        let bound = bind(&mut client, &s.handle, row(vec![value]))
            .await
            .unwrap();
        let answer = run(&mut client, &bound).await.unwrap();
        assert_eq!(answer.sent.field(0).data_type(), &data_type);
        assert_eq!(answer.column(), [shown]);
    }
}

/// flightsql-dbapi sends each parameter as a union.
#[tokio::test]
async fn union_values_are_unwrapped() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT count(*) FROM t_1 WHERE a < ?")
        .await
        .unwrap();
    let fields = UnionFields::try_new(
        [0, 1],
        [
            Field::new("int", DataType::Int64, true),
            Field::new("float", DataType::Float64, true),
        ],
    )
    .unwrap();
    let union = UnionArray::try_new(
        fields,
        ScalarBuffer::from(vec![0_i8]),
        Some(ScalarBuffer::from(vec![0_i32])),
        vec![ints(&[2]), Arc::new(Float64Array::from(Vec::<f64>::new()))],
    )
    .unwrap();
    let schema = Schema::new(vec![Field::new("0", union.data_type().clone(), false)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(union)]).unwrap();
    bind(&mut client, &s.handle, batch).await.unwrap();
    // The handle that was there before works too.
    assert_eq!(run(&mut client, &s.handle).await.unwrap().column(), ["2"]);
}

#[tokio::test]
async fn each_bound_row_is_a_run() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT ?::bigint * 10").await.unwrap();
    let rows: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let bound = bind(&mut client, &s.handle, row(vec![rows])).await.unwrap();
    assert_eq!(
        run(&mut client, &bound).await.unwrap().column(),
        ["10", "", "30"]
    );
    let many = row(vec![ints(&(0..2_000).collect::<Vec<_>>())]);
    let refused = bind(&mut client, &s.handle, many).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn bound_copies_keep_their_values_until_closed() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT ?::bigint").await.unwrap();
    let one = bind(&mut client, &s.handle, row(vec![ints(&[1])]))
        .await
        .unwrap();
    let two = bind(&mut client, &s.handle, row(vec![ints(&[2])]))
        .await
        .unwrap();
    assert_ne!(one, two);
    for (handle, value) in [(&one, "1"), (&two, "2"), (&s.handle, "2")] {
        assert_eq!(run(&mut client, handle).await.unwrap().column(), [value]);
    }
    // A ticket outlives its statement.
    let ticket = info(&mut client, &two).await.unwrap();
    close(&mut client, &one).await.unwrap();
    assert_eq!(run(&mut client, &two).await.unwrap().column(), ["2"]);
    close(&mut client, &s.handle).await.unwrap();
    assert_eq!(
        run(&mut client, &two).await.err().unwrap().code(),
        Code::NotFound
    );
    assert_eq!(read(&mut client, ticket).await.unwrap().column(), ["2"]);
    for handle in [&one, &two, &s.handle] {
        close(&mut client, handle).await.unwrap();
    }
}

#[tokio::test]
async fn parameters_are_bounded_in_bytes() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let s = prepare(&mut client, "SELECT length(?)").await.unwrap();
    let long = row(vec![text(&"x".repeat(17 << 20))]);
    let refused = bind(&mut client, &s.handle, long).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
}

#[tokio::test]
async fn closing_a_session_ends_its_statements_and_tickets_alone() {
    let server = Server::closed().await;
    let mut one = server.client_of("ann", "pa:ss").await;
    let mut other = server.client_of("ann", "pa:ss").await;
    for client in [&mut one, &mut other] {
        let bearer = format!("Bearer {}", client.token().unwrap());
        client.set_header("authorization", bearer);
    }
    let mut ended = one.prepare("SELECT 1".to_owned(), None).await.unwrap();
    let mut kept = other.prepare("SELECT 2".to_owned(), None).await.unwrap();
    let ticket = |info: FlightInfo| info.endpoint[0].ticket.clone().unwrap();
    let ended_ticket = ticket(ended.execute().await.unwrap());
    let kept_ticket = ticket(kept.execute().await.unwrap());
    // What one session left is gone for all of its user's.
    one.do_action(Action::new("CloseSession", ""))
        .await
        .unwrap()
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    assert_eq!(
        super::fixture::refusal(other.do_get(ended_ticket).await).code(),
        Code::NotFound
    );
    assert!(other.do_get(kept_ticket).await.is_ok());
    assert!(kept.execute().await.is_ok());
}

#[tokio::test]
async fn leaked_statements_end_by_count_and_time() {
    let config = ServerConfig {
        prepared_count_max: 4,
        ..ServerConfig::default()
    };
    let server = Server::start(super::fixture::Memory::new().await, config).await;
    let mut client = server.client().await;
    let first = prepare(&mut client, "SELECT 1").await.unwrap();
    for _ in 0..4 {
        prepare(&mut client, "SELECT 2").await.unwrap();
    }
    let gone = run(&mut client, &first.handle).await.err().unwrap();
    assert!(gone.message().contains("prepare it again"), "{gone:?}");
}
