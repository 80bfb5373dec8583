//! Who is let in, and what a session is.

use arrow_flight::{Action, BasicAuth, HandshakeRequest};
use futures::{TryStreamExt, stream};
use prost::Message;
use tonic::{Code, Request};

use super::fixture::{Client, Server, query, query_refusal};
use crate::session_messages::{
    CloseSessionResult, CloseStatus, GetSessionOptionsResult, OptionErrorValue, SessionOptionValue,
    SetSessionOptionsRequest, SetSessionOptionsResult,
};

async fn user_seen(client: &mut Client) -> Result<Vec<String>, Code> {
    match client.execute("SELECT 1".to_owned(), None).await {
        Ok(_) => Ok(query(client, "SELECT 1").await.column()),
        Err(arrow_flight::error::FlightError::Tonic(s)) => Err(s.code()),
        Err(e) => panic!("{e}"),
    }
}

#[tokio::test]
async fn a_call_without_credentials_is_told_how_to_log_in() {
    let server = Server::closed().await;
    let refused = query_refusal(&mut server.client().await, "SELECT 1").await;
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("?user=…&password=…"));
}

#[tokio::test]
async fn a_wrong_password_is_refused_by_handshake_and_call() {
    let server = Server::closed().await;
    let mut client = server.client().await;
    let e = client.handshake("ann", "word").await.unwrap_err();
    assert!(
        e.to_string().contains("the user or the password is wrong"),
        "{e}"
    );
    client.set_header("authorization", "Basic YW5uOndvcmQ");
    let refused = query_refusal(&mut client, "SELECT 1").await;
    assert_eq!(refused.code(), Code::Unauthenticated);
    client.set_header("authorization", "Bearer nonsense");
    let refused = query_refusal(&mut client, "SELECT 1").await;
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn every_form_of_credentials_is_taken_on_every_call() {
    let server = Server::closed().await;
    let mut client = server.client().await;
    for header in [
        "Basic YW5uOnBhOnNz",
        "basic Ym9iOndvcmQ=",
        "Basic Ym9iOndvcmQ",
        "Bearer t0ken",
        "bearer t0ken",
    ] {
        client.set_header("authorization", header);
        assert_eq!(
            user_seen(&mut client).await,
            Ok(vec!["1".to_owned()]),
            "{header}"
        );
    }
}

#[tokio::test]
async fn handshakes_in_all_forms_give_a_token() {
    let server = Server::closed().await;
    let basic = BasicAuth {
        username: "bob".to_owned(),
        password: "word".to_owned(),
    };
    for (header, payloads) in [
        (Some("Basic YW5uOnBhOnNz"), vec![]),
        (Some("Basic YW5uOnBhOnNz"), vec![Vec::new()]),
        (Some("Bearer t0ken"), vec![Vec::new()]),
        (None, vec![basic.encode_to_vec()]),
        (None, vec![b"t0ken".to_vec()]),
    ] {
        let mut client = server.client().await;
        let messages: Vec<_> = payloads
            .into_iter()
            .map(|payload| HandshakeRequest {
                protocol_version: 0,
                payload: payload.into(),
            })
            .collect();
        let mut request = Request::new(stream::iter(messages));
        if let Some(header) = header {
            request
                .metadata_mut()
                .insert("authorization", header.parse().unwrap());
        }
        let response = client.inner_mut().handshake(request).await.unwrap();
        let bearer = response.metadata().get("authorization").unwrap();
        let bearer = bearer.to_str().unwrap().to_owned();
        let answers: Vec<_> = response.into_inner().try_collect().await.unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!(
            bearer.as_bytes(),
            [b"Bearer ", &*answers[0].payload].concat()
        );
        client.set_header("authorization", bearer);
        assert_eq!(user_seen(&mut client).await, Ok(vec!["1".to_owned()]));
    }
}

#[tokio::test]
async fn an_open_server_lets_everybody_in() {
    let server = Server::open().await;
    assert!(user_seen(&mut server.client().await).await.is_ok());
    let mut client = server.client_of("whoever", "whatever").await;
    assert!(user_seen(&mut client).await.is_ok());
}

#[tokio::test]
async fn sessions_of_one_user_do_not_share_their_settings() {
    let server = Server::closed().await;
    let mut one = server.client_of("ann", "pa:ss").await;
    let mut other = server.client_of("ann", "pa:ss").await;
    query(&mut one, "SET schema = 'realtime'").await;
    let ask = "SELECT count(*) FROM t_1";
    assert_eq!(query(&mut one, ask).await.column(), ["7"]);
    assert_eq!(query(&mut other, ask).await.column(), ["3"]);
    query(&mut one, "RESET schema").await;
    assert_eq!(query(&mut one, ask).await.column(), ["3"]);

    let missing = query_refusal(&mut one, "USE nowhere").await;
    assert_eq!(missing.code(), Code::InvalidArgument);
    assert!(
        missing.message().contains("no schema nowhere"),
        "{missing:?}"
    );
    assert_eq!(query(&mut one, ask).await.column(), ["3"]);

    // Without a handshake, the connection is the session.
    let mut one = server.client().await;
    let mut other = server.client().await;
    for client in [&mut one, &mut other] {
        client.set_header("authorization", "Bearer t0ken");
    }
    query(&mut one, "USE headwater.realtime").await;
    assert_eq!(query(&mut one, ask).await.column(), ["7"]);
    assert_eq!(query(&mut other, ask).await.column(), ["3"]);
    let _: CloseSessionResult = act(&mut one, "CloseSession", vec![]).await;
    assert_eq!(query(&mut one, ask).await.column(), ["3"]);
}

#[tokio::test]
async fn clients_that_do_not_shake_hands_cannot_crowd_out_tokens() {
    let config = crate::ServerConfig {
        session_count_max: 1,
        ..crate::ServerConfig::default()
    };
    let server = Server::start(super::fixture::Memory::new().await, config).await;
    let mut client = server.client_of("ann", "any").await;
    query(&mut client, "SET schema = 'realtime'").await;
    for _ in 0..3 {
        query(&mut server.client().await, "SELECT 1").await;
    }
    let seen = query(&mut client, "SELECT count(*) FROM t_1").await;
    assert_eq!(seen.column(), ["7"]);
}

#[tokio::test]
async fn headers_choose_for_one_call() {
    let server = Server::open().await;
    let mut client = server.client().await;
    client.set_header("schema", "realtime");
    let ask = "SELECT count(*) FROM t_1";
    assert_eq!(query(&mut client, ask).await.column(), ["7"]);
    client.set_header("schema", "");
    assert_eq!(query(&mut client, ask).await.column(), ["3"]);
    client.set_header("profile", "bogus");
    let refused = query_refusal(&mut client, ask).await;
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("native, default"));
}

#[tokio::test]
async fn catching_up_is_told_unless_allowed() {
    let mut backend = super::fixture::Memory::new().await;
    backend.catching_up = true;
    let server = Server::start(backend, crate::ServerConfig::default()).await;
    let mut client = server.client().await;
    let refused = query_refusal(&mut client, "SELECT 1").await;
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(refused.message(), "catching up: 3 partitions to go");
    client.set_header("allow_catching_up", "true");
    assert_eq!(query(&mut client, "SELECT 1").await.column(), ["1"]);
}

async fn act<M: Message + Default>(client: &mut Client, name: &str, body: Vec<u8>) -> M {
    let results = client.do_action(Action::new(name, body)).await.unwrap();
    let results: Vec<_> = results.try_collect().await.unwrap();
    M::decode(&*results[0].body).unwrap()
}

#[tokio::test]
async fn session_options_are_set_told_and_refused_one_by_one() {
    let server = Server::closed().await;
    let mut client = server.client_of("ann", "pa:ss").await;
    let request = SetSessionOptionsRequest {
        session_options: [
            ("schema", "realtime"),
            ("catalog", "nowhere"),
            ("bogus", "1"),
            ("timezone", "Asia/Shanghai"),
        ]
        .map(|(name, value)| (name.to_owned(), SessionOptionValue::text(value)))
        .into(),
    };
    let body = request.encode_to_vec();
    let set: SetSessionOptionsResult = act(&mut client, "SetSessionOptions", body).await;
    let error = |name: &str| set.errors.get(name).map(|e| e.value());
    assert_eq!(error("catalog"), Some(OptionErrorValue::InvalidValue));
    assert_eq!(error("bogus"), Some(OptionErrorValue::InvalidName));
    assert_eq!(set.errors.len(), 2);
    let told: GetSessionOptionsResult = act(&mut client, "GetSessionOptions", vec![]).await;
    let mut told: Vec<_> = told
        .session_options
        .iter()
        .map(|(name, value)| format!("{name}={}", value.spelled().unwrap()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "catalog=headwater",
            "datafusion.execution.time_zone=Asia/Shanghai",
            "schema=realtime"
        ]
    );
    let ask = "SELECT count(*) FROM t_1";
    assert_eq!(query(&mut client, ask).await.column(), ["7"]);
}

#[tokio::test]
async fn closing_a_session_ends_its_token() {
    let server = Server::closed().await;
    let mut client = server.client_of("ann", "pa:ss").await;
    assert!(user_seen(&mut client).await.is_ok());
    let closed: CloseSessionResult = act(&mut client, "CloseSession", vec![]).await;
    assert_eq!(closed.status(), CloseStatus::Closed);
    assert_eq!(user_seen(&mut client).await, Err(Code::Unauthenticated));
}

/// Flight's older authentication carries its token in a header of its own.
#[tokio::test]
async fn a_token_is_taken_from_the_older_header() {
    let server = Server::closed().await;
    let mut client = server.client().await;
    let mut request = Request::new(Action::new("GetSessionOptions", ""));
    request.metadata_mut().insert_bin(
        "auth-token-bin",
        tonic::metadata::MetadataValue::from_bytes(b"t0ken"),
    );
    assert!(client.inner_mut().do_action(request).await.is_ok());
}

/// Serves the sample tables to drivers in other languages: set `FLIGHT_SAMPLES_PORT`.
#[tokio::test]
#[ignore = "serves until it is killed"]
async fn serve_samples() {
    let port: u16 = std::env::var("FLIGHT_SAMPLES_PORT")
        .unwrap()
        .parse()
        .unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    let config = crate::ServerConfig {
        credentials: crate::Credentials::closed()
            .with_user("ann", "pa:ss")
            .with_user("bob", "word")
            .with_token("job", "t0ken"),
        ..crate::ServerConfig::default()
    };
    let backend = std::sync::Arc::new(super::fixture::Memory::new().await);
    crate::serve(listener, backend, config, std::future::pending())
        .await
        .unwrap();
}
