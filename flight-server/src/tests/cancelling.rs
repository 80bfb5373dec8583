//! Queries that end before their rows do, and the end of the server.

use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult, Any, ProstMessageExt};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo,
};
use futures::TryStreamExt;
use prost::Message;
use tokio::sync::{Mutex, MutexGuard};
use tonic::{Code, Request};

use super::fixture::{Client, Memory, Server, query, query_refusal, until};
use super::samples::ALIVE;
use crate::ServerConfig;

/// The streams of the endless table are counted over the whole process.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn alone() -> MutexGuard<'static, ()> {
    let guard = ALONE.lock().await;
    until("earlier streams end", || ALIVE.load(Ordering::SeqCst) == 0).await;
    guard
}

async fn endless(client: &mut Client) -> FlightInfo {
    client
        .execute("SELECT n FROM endless WHERE n >= 0".to_owned(), None)
        .await
        .unwrap()
}

fn alive() -> usize {
    ALIVE.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_query() {
    let _alone = alone().await;
    let server = Server::open().await;
    let mut client = server.client().await;
    let info = endless(&mut client).await;
    assert_eq!(alive(), 0, "GetFlightInfo runs nothing");
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let mut stream = client.do_get(ticket.clone()).await.unwrap();
    assert!(stream.try_next().await.unwrap().is_some());
    assert_eq!(alive(), 1);
    drop(stream);
    until("the query ends with its stream", || alive() == 0).await;

    // A client that doesn't read holds back the query, and takes it along when it goes.
    let stream = client.do_get(ticket).await.unwrap();
    until("the query runs", || alive() == 1).await;
    drop(client);
    drop(stream);
    until("the query ends with its connection", || alive() == 0).await;
}

#[tokio::test]
async fn cancelling_ends_the_query_with_an_error() {
    let _alone = alone().await;
    let server = Server::open().await;
    let mut client = server.client().await;

    for wrapped in [false, true] {
        let info = endless(&mut client).await;
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let mut stream = client.do_get(ticket.clone()).await.unwrap();
        assert!(stream.try_next().await.unwrap().is_some());
        let action = if wrapped {
            let request = ActionCancelQueryRequest {
                info: info.encode_to_vec().into(),
            };
            Action::new("CancelQuery", request.as_any().encode_to_vec())
        } else {
            let request = CancelFlightInfoRequest::new(info);
            Action::new("CancelFlightInfo", request.encode_to_vec())
        };
        let results = client.inner_mut().do_action(action).await.unwrap();
        let results: Vec<_> = results.into_inner().try_collect().await.unwrap();
        let status = if wrapped {
            let any = Any::decode(&*results[0].body).unwrap();
            any.unpack::<ActionCancelQueryResult>()
                .unwrap()
                .unwrap()
                .result
        } else {
            CancelFlightInfoResult::decode(&*results[0].body)
                .unwrap()
                .status
        };
        assert_eq!(status, i32::from(CancelStatus::Cancelled));
        let end = loop {
            match stream.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a cancelled query must not look complete"),
                Err(e) => break e,
            }
        };
        let arrow_flight::error::FlightError::Tonic(end) = end else {
            panic!("{end}")
        };
        assert_eq!(end.code(), Code::Cancelled);
        until("the query ends", || alive() == 0).await;
        assert!(client.do_get(ticket).await.is_err());
    }
}

/// A server whose queries compute on one thread, and nothing else does.
async fn one_thread(config: ServerConfig) -> (Server, tokio::runtime::Runtime) {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let config = ServerConfig {
        query_threads: Some(threads.handle().clone()),
        ..config
    };
    (Server::start(Memory::new().await, config).await, threads)
}

/// Joins that compute for hours without giving way or giving anything back.
const BARREN: [&str; 2] = [
    "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b \
     ON a.value * b.value = -1",
    "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b \
     ON a.value % 2 = b.value % 2 AND a.value + b.value = -1",
];

#[tokio::test]
async fn a_query_that_never_gives_way_holds_up_nobody_and_ends_with_its_client() {
    let (server, threads) = one_thread(ServerConfig::default()).await;
    for sql in BARREN {
        let mut client = server.client().await;
        let info = client.execute(sql.to_owned(), None).await.unwrap();
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let stream = client.do_get(ticket).await.unwrap();
        let mut other = server.client_of("whoever", "whatever").await;
        assert!(other.get_catalogs().await.is_ok());
        drop(stream);
        drop(client);
        let waited = tokio::time::timeout(Duration::from_secs(20), query(&mut other, "SELECT 1"));
        assert_eq!(waited.await.unwrap().column(), ["1"], "{sql}");
    }
    threads.shutdown_background();
}

#[tokio::test]
async fn a_query_that_never_gives_way_ends_at_its_deadline() {
    let config = ServerConfig {
        query_timeout: Some(Duration::from_millis(300)),
        ..ServerConfig::default()
    };
    let (server, threads) = one_thread(config).await;
    let mut client = server.client().await;
    for sql in BARREN {
        let late = query_refusal(&mut client, sql).await;
        assert_eq!(late.code(), Code::DeadlineExceeded, "{sql}: {late:?}");
        // The thread is free again, which it takes to plan and run another.
        let mut after = query_refusal(&mut client, "SELECT nofun(1)").await;
        for _ in 0..20 {
            if after.code() == Code::InvalidArgument {
                break;
            }
            after = query_refusal(&mut client, "SELECT nofun(1)").await;
        }
        assert_eq!(after.code(), Code::InvalidArgument, "{sql}: {after:?}");
    }
    threads.shutdown_background();
}

#[tokio::test]
async fn a_shutdown_ends_a_query_that_never_gives_way() {
    let config = ServerConfig {
        drain: Duration::from_millis(200),
        ..ServerConfig::default()
    };
    let (mut server, threads) = one_thread(config).await;
    let mut client = server.client().await;
    let info = client.execute(BARREN[0].to_owned(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let mut stream = client.do_get(ticket).await.unwrap();
    server.stop.take().unwrap().send(()).unwrap();
    let end = stream.try_next().await.unwrap_err();
    let arrow_flight::error::FlightError::Tonic(end) = end else {
        panic!("{end}")
    };
    assert_eq!(end.code(), Code::Unavailable);
    server.served.await.unwrap().unwrap();
    threads.shutdown_background();
}

#[tokio::test]
async fn queries_end_at_their_deadline() {
    let _alone = alone().await;
    let config = ServerConfig {
        query_timeout: Some(Duration::from_millis(300)),
        ..ServerConfig::default()
    };
    let server = Server::start(Memory::new().await, config).await;
    let mut client = server.client().await;
    let late = query_refusal(&mut client, "SELECT n FROM endless").await;
    assert_eq!(late.code(), Code::DeadlineExceeded);
    until("the query ends", || alive() == 0).await;

    let server = Server::open().await;
    let mut client = server.client().await;
    let info = endless(&mut client).await;
    let mut request = Request::new(info.endpoint[0].ticket.clone().unwrap());
    request
        .metadata_mut()
        .insert("grpc-timeout", "300m".parse().unwrap());
    let mut stream = client
        .inner_mut()
        .do_get(request)
        .await
        .unwrap()
        .into_inner();
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a late query must not look complete"),
            Err(e) => break e,
        }
    };
    assert!(
        matches!(end.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{end:?}"
    );
    until("the query ends", || alive() == 0).await;
}

#[tokio::test]
async fn a_shutdown_drains_and_then_ends_queries() {
    let _alone = alone().await;
    let config = ServerConfig {
        drain: Duration::from_millis(300),
        ..ServerConfig::default()
    };
    let mut server = Server::start(Memory::new().await, config).await;
    let mut client = server.client().await;
    let info = endless(&mut client).await;
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let mut stream = client.do_get(ticket).await.unwrap();
    assert!(stream.try_next().await.unwrap().is_some());
    server.stop.take().unwrap().send(()).unwrap();
    let end = loop {
        match stream.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a query that was ended must not look complete"),
            Err(e) => break e,
        }
    };
    let arrow_flight::error::FlightError::Tonic(end) = end else {
        panic!("{end}")
    };
    assert_eq!(end.code(), Code::Unavailable);
    server.served.await.unwrap().unwrap();
    until("the query ends", || alive() == 0).await;
}
