//! The WebSocket of an Event API: connecting, every message, delivery of events, and disconnecting.
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::plane::{ACK, Plane, SUBPROTOCOL, data, subprotocol};

const UNAUTHORIZED: &str =
    r#"{"type":"connection_error","errors":[{"errorType":"UnauthorizedException"}]}"#;
const HOUR_S: f64 = 3_600.0;

#[tokio::test]
async fn a_connection_begins_with_its_subprotocols_in_either_order_or_with_plain_headers() {
    let plane = Plane::start().await;
    let credentials = plane.credentials();
    let spaced = subprotocol(&format!("{}\n", plane.authorization()));
    for (subprotocols, headers) in [
        (format!("{credentials}, {SUBPROTOCOL}"), vec![]),
        (format!("{SUBPROTOCOL}, {credentials}"), vec![]),
        (format!("{SUBPROTOCOL}, {spaced}"), vec![]),
        (SUBPROTOCOL.to_owned(), vec![("x-api-key", plane.key.as_str())]),
    ] {
        // The client checks that a subprotocol that it offered is chosen.
        let mut socket = plane.open(Some(&subprotocols), &headers).await;
        assert_eq!(socket.ask(r#"{"type":"connection_init"}"#).await, ACK);
        assert_eq!(socket.ask(r#"{"type":"connection_init"}"#).await, ACK);
    }
}

#[tokio::test]
async fn a_denied_connection_gets_an_error_after_the_upgrade_and_is_closed() {
    let plane = Plane::start().await;
    let wrong = subprotocol(r#"{"host":"h","x-api-key":"da2-wrong"}"#);
    let no_protocol =
        r#"{"type":"connection_error","errors":[{"message":"NoProtocolError","errorCode":400}]}"#;
    for (subprotocols, expected) in [
        (Some(format!("{SUBPROTOCOL}, {wrong}")), UNAUTHORIZED),
        (Some(format!("{SUBPROTOCOL}, header-nonsense")), UNAUTHORIZED),
        (Some(format!("{SUBPROTOCOL}, {}", subprotocol("{}"))), UNAUTHORIZED),
        (Some(SUBPROTOCOL.to_owned()), UNAUTHORIZED),
        (None, no_protocol),
    ] {
        let mut socket = plane.open(subprotocols.as_deref(), &[]).await;
        assert_eq!(socket.text().await, expected, "{subprotocols:?}");
        assert_eq!(socket.close_code().await, 1_000, "{subprotocols:?}");
    }
    // The WebSocket client fails without one of its subprotocols, so this reads the bytes.
    let head = format!(
        "GET /apis/{}/event/realtime HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-ws",
        plane.api
    );
    let mut stream = tokio::net::TcpStream::connect(plane.faulty.address).await.unwrap();
    let request = format!("{head}\r\nhost: localhost\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("HTTP/1.1 101 ") && !text.contains("sec-websocket-protocol"));
    assert!(text.contains(r#""message":"SubProtocolNotSupportedError","errorCode":400"#), "{text}");
}

/// A table of messages and the responses to them.
#[tokio::test]
async fn every_message_gets_the_response_that_appsync_sends() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    let id_error = |kind: &str, id: &str| {
        let message = "The message needs an id of 1 to 128 letters, digits, -, _ and +";
        format!(
            r#"{{"type":"{kind}",{id}"errors":[{{"errorType":"BadRequestException","message":"{message}"}}]}}"#
        )
    };
    let with = |message: &str, name: &str, value: Value| {
        let mut message: Value = serde_json::from_str(message).unwrap();
        message[name] = value;
        message.to_string()
    };
    let (subscribe, publish) = (
        plane.subscribe_message("s", "/default/a"),
        plane.publish_message("p", "/default/x", &["1"]),
    );
    let longest = "a".repeat(128);
    let table = [
        // Without connection_init first.
        (subscribe.clone(), r#"{"type":"subscribe_success","id":"s"}"#.to_owned()),
        (r#"{"type":"connection_init"}"#.to_owned(), ACK.to_owned()),
        (
            subscribe.clone(),
            r#"{"type":"subscribe_error","id":"s","errors":[{"errorType":"DuplicatedOperationError","message":"Duplicated operation id s"}]}"#.to_owned(),
        ),
        (
            r#"{"type":"unsubscribe","id":"s"}"#.to_owned(),
            r#"{"type":"unsubscribe_success","id":"s"}"#.to_owned(),
        ),
        (
            r#"{"type":"unsubscribe","id":"s"}"#.to_owned(),
            r#"{"type":"unsubscribe_error","id":"s","errors":[{"errorType":"UnknownOperationError","message":"Unknown operation id s"}]}"#.to_owned(),
        ),
        (
            with(&subscribe, "channel", json!("/*")),
            r#"{"type":"subscribe_error","id":"s","errors":[{"errorType":"BadRequestException","message":"Invalid Channel Format"}]}"#.to_owned(),
        ),
        (
            with(&subscribe, "channel", json!(["/default/a"])),
            r#"{"type":"subscribe_error","id":"s","errors":[{"errorType":"BadRequestException","message":"Invalid Channel Format"}]}"#.to_owned(),
        ),
        (
            with(&subscribe, "channel", json!("/bad/channel")),
            r#"{"type":"subscribe_error","id":"s","errors":[{"errorType":"UnauthorizedException"}]}"#.to_owned(),
        ),
        (
            with(&subscribe, "authorization", json!({ "x-api-key": "da2-wrong" })),
            r#"{"type":"subscribe_error","id":"s","errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#.to_owned(),
        ),
        (
            with(&publish, "authorization", json!({})),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#.to_owned(),
        ),
        (
            with(&publish, "channel", json!("bad/channel")),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"UnauthorizedException"}]}"#.to_owned(),
        ),
        (
            with(&publish, "channel", json!("/default/*")),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"BadRequestException","message":"Invalid Channel Format"}]}"#.to_owned(),
        ),
        (
            with(&publish, "events", json!(["1", "2", "3", "4", "5", "6"])),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"InvalidInputError","message":"input exceeded 5 event limit"}]}"#.to_owned(),
        ),
        (
            with(&publish, "events", json!(["{"])),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"BadRequestException","message":"Event 0 is not valid JSON"}]}"#.to_owned(),
        ),
        (
            with(&publish, "events", Value::Null),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"BadRequestException","message":"There are no events to publish"}]}"#.to_owned(),
        ),
        (
            r#"{"type":"start","id":"x"}"#.to_owned(),
            r#"{"type":"error","id":"x","errors":[{"errorType":"UnsupportedOperation","message":"start not supported through the realtime channel"}]}"#.to_owned(),
        ),
        (
            "{}".to_owned(),
            r#"{"type":"error","errors":[{"errorType":"UnsupportedOperation","message":" not supported through the realtime channel"}]}"#.to_owned(),
        ),
        (
            "[".to_owned(),
            r#"{"type":"error","errors":[{"errorType":"BadRequestException","message":"The message is not a JSON object"}]}"#.to_owned(),
        ),
        (r#"{"type":"unsubscribe"}"#.to_owned(), id_error("error", "")),
        (with(&subscribe, "id", json!(7)), id_error("error", "")),
        (with(&subscribe, "id", json!("a b")), id_error("subscribe_error", r#""id":"a b","#)),
        (with(&publish, "id", json!("")), id_error("publish_error", r#""id":"","#)),
        (with(&publish, "id", json!(format!("{longest}a"))), id_error("error", "")),
        (
            with(&subscribe, "id", json!(longest)),
            format!(r#"{{"type":"subscribe_success","id":"{longest}"}}"#),
        ),
    ];
    for (sent, expected) in table {
        assert_eq!(socket.ask(&sent).await, expected, "{sent}");
    }
    socket.stream.send(Message::binary(b"{}".to_vec())).await.unwrap();
    let response = socket.text().await;
    assert!(response.contains("The message is binary: send JSON as text"), "{response}");
    socket.expect_no_message().await;
}

#[tokio::test]
async fn a_publisher_that_subscribes_gets_its_own_events_in_separate_frames() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "default/room").await;
    let events = ["{\"msg\": \"h\\u00e9\"}", "\"plain\"", " 42"];
    socket.send(&plane.publish_message("p", "/default/room/", &events)).await;
    // The text of an event is delivered unchanged.
    for event in events {
        assert_eq!(socket.text().await, data("s", event));
    }
    let receipt: Value = serde_json::from_str(&socket.text().await).unwrap();
    let identifiers: Vec<_> =
        (0..3).map(|n| receipt["successful"][n]["identifier"].as_str().unwrap()).collect();
    assert!(identifiers.iter().all(|identifier| {
        uuid::Uuid::parse_str(identifier).is_ok_and(|uuid| uuid.get_version_num() == 4)
    }));
    let successful: Vec<_> =
        (0..3).map(|n| json!({ "identifier": identifiers[n], "index": n })).collect();
    let expected =
        json!({ "type": "publish_success", "id": "p", "successful": successful, "failed": [] });
    assert_eq!(receipt.to_string(), expected.to_string());
}

#[tokio::test]
async fn each_subscription_gets_all_events_of_its_channels() {
    let plane = Plane::start().await;
    let (mut one, mut two) = (plane.connect().await, plane.connect().await);
    one.subscribe(&plane, "exact", "/default/a").await;
    one.subscribe(&plane, "below", "/default/*").await;
    two.subscribe(&plane, "deep", "/default/a/*").await;
    two.subscribe(&plane, "else", "/other/*").await;
    assert_eq!(plane.publish("/default/a", &["1"]).await.status, 200);
    assert_eq!(plane.publish("/default/a/b/c", &["2"]).await.status, 200);
    assert_eq!(plane.publish("/default", &["3"]).await.status, 200);
    assert_eq!(plane.publish("/other/a", &["4"]).await.status, 200);
    assert_eq!(one.text().await, data("exact", "1"));
    assert_eq!(one.text().await, data("below", "1"));
    assert_eq!(one.text().await, data("below", "2"));
    one.expect_no_message().await;
    assert_eq!(two.text().await, data("deep", "2"));
    assert_eq!(two.text().await, data("else", "4"));
    two.expect_no_message().await;
    assert_eq!(
        one.ask(r#"{"type":"unsubscribe","id":"below"}"#).await,
        r#"{"type":"unsubscribe_success","id":"below"}"#
    );
    assert_eq!(plane.publish("/default/b", &["5"]).await.status, 200);
    one.expect_no_message().await;
}

#[tokio::test]
async fn a_connection_holds_200_subscriptions() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    for n in 0..200 {
        socket.subscribe(&plane, &format!("s{n}"), "/default/a").await;
    }
    assert_eq!(
        socket.ask(&plane.subscribe_message("more", "/default/a")).await,
        r#"{"type":"subscribe_error","id":"more","errors":[{"errorType":"MaxSubscriptionsReachedError","message":"Max number of 200 subscriptions reached"}]}"#
    );
    socket.ask(r#"{"type":"unsubscribe","id":"s7"}"#).await;
    socket.subscribe(&plane, "more", "/default/a").await;
}

#[tokio::test]
async fn the_26th_publish_within_a_second_is_rejected_and_other_connections_are_not_affected() {
    let plane = Plane::start().await;
    let (mut socket, mut other) = (plane.connect().await, plane.connect().await);
    // A second may pass before the 26th is read. Eventually one is rejected, and never one of the first 25.
    let mut accepted = 0;
    let rejected = 'rejected: loop {
        for n in accepted..accepted + 26 {
            socket.send(&plane.publish_message(&format!("p{n}"), "/default/a", &["1"])).await;
        }
        for _ in 0..26 {
            let answer = socket.text().await;
            if !answer.starts_with(r#"{"type":"publish_success""#) {
                break 'rejected answer;
            }
            accepted += 1;
        }
    };
    assert!(accepted >= 25, "{accepted}");
    let errors = r#"[{"errorType":"LimitExceededError","message":"Rate limit exceeded"}]"#;
    let expected = format!(r#"{{"type":"publish_error","id":"p{accepted}","errors":{errors}}}"#);
    assert_eq!(rejected, expected);
    let answer = other.ask(&plane.publish_message("p", "/default/a", &["1"])).await;
    assert!(answer.starts_with(r#"{"type":"publish_success""#), "{answer}");
}

#[tokio::test]
async fn a_connection_is_closed_when_its_key_expires() {
    let plane = Plane::start().await;
    let (mut one, mut two) = (plane.connect().await, plane.connect().await);
    // A key expires after seven days by default, rounded down to the hour; a connection is closed after a day.
    let expires = json!({ "expires": crate::faulty::NOW_S + 25 * 3_600 });
    let path = format!("/v1/apis/{}/apikeys/{}", plane.api, plane.key);
    assert_eq!(plane.faulty.appsync("POST", &path, &expires).await.status, 200);
    plane.faulty.store.move_clock(23.0 * HOUR_S);
    one.expect_no_message().await;
    let mut late = plane.connect().await;
    plane.faulty.store.move_clock(1.9 * HOUR_S);
    // These connections are 24 hours old.
    assert_eq!((one.close_code().await, two.close_code().await), (1_000, 1_000));
    late.expect_no_message().await;
    plane.faulty.store.move_clock(0.2 * HOUR_S);
    assert_eq!(late.close_code().await, 1_000);
    let rejected = plane.publish("/default/a", &["1"]).await;
    assert_eq!(rejected.status, 401);
}

#[tokio::test]
async fn deleting_a_key_or_an_api_closes_only_its_connections() {
    let plane = Plane::start().await;
    let path = format!("/v1/apis/{}/apikeys", plane.api);
    let created = plane.faulty.appsync("POST", &path, &json!({})).await.json();
    let second = created["apiKey"]["id"].as_str().unwrap().to_owned();
    let (mut one, mut two) = (
        plane.connect().await,
        plane.open(Some(SUBPROTOCOL), &[("x-api-key", second.as_str())]).await,
    );
    one.expect_no_message().await;
    two.expect_no_message().await;
    let key = format!("{path}/{second}");
    assert_eq!(plane.faulty.appsync("DELETE", &key, &Value::Null).await.status, 200);
    assert_eq!(two.close_code().await, 1_000);
    one.expect_no_message().await;
    let api = format!("/v2/apis/{}", plane.api);
    assert_eq!(plane.faulty.appsync("DELETE", &api, &Value::Null).await.status, 200);
    assert_eq!(one.close_code().await, 1_000);
}

#[tokio::test]
async fn deleting_a_namespace_ends_its_subscriptions_without_a_message() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "/other/*").await;
    socket.subscribe(&plane, "t", "/default/*").await;
    let path = format!("/v2/apis/{}/channelNamespaces/other", plane.api);
    assert_eq!(plane.faulty.appsync("DELETE", &path, &Value::Null).await.status, 200);
    assert_eq!(plane.publish("/other/a", &["1"]).await.status, 401);
    assert_eq!(plane.publish("/default/a", &["2"]).await.status, 200);
    assert_eq!(socket.text().await, data("t", "2"));
    assert_eq!(
        socket.ask(r#"{"type":"unsubscribe","id":"s"}"#).await,
        r#"{"type":"unsubscribe_success","id":"s"}"#
    );
}

/// HTTP and WebSocket report the same outcomes of handlers.
#[tokio::test]
async fn handlers_decide_over_http_and_websocket() {
    let plane = Plane::start().await;
    let code = "import { util } from '@aws-appsync/utils'
export function onPublish(ctx) {
  const kind = ctx.events[0].payload
  if (kind === 'unauthorized') util.unauthorized()
  if (kind === 'error') util.error('no')
  let big = '0123456789'
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]) big = big + big
  const kept = ctx.events.filter((it) => it.payload !== 'drop')
  return kept.map((it) => {
    if (it.payload === 'fail') return { id: it.id, error: 'Message required' }
    return it.payload === 'grow' ? { id: it.id, payload: big } : it
  })
}
export function onSubscribe(ctx) {
  if (ctx.info.channel.path !== '/coded/open') util.unauthorized()
}
";
    let path = format!("/v2/apis/{}/channelNamespaces", plane.api);
    let namespace = json!({ "name": "coded", "codeHandlers": code });
    let created = plane.faulty.appsync("POST", &path, &namespace).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "/coded/open").await;
    assert_eq!(
        socket.ask(&plane.subscribe_message("t", "/coded/closed")).await,
        r#"{"type":"subscribe_error","id":"t","errors":[{"errorType":"Unauthorized","message":"You are not authorized to make this call."}]}"#
    );
    let events = ["\"a\"", "\"drop\"", "\"fail\"", "\"grow\"", "7"];
    let answer = plane.publish("/coded/open", &events).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let response = answer.json();
    let indices = |list: &str| {
        let list = response[list].as_array().unwrap();
        list.iter().map(|value| value["index"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((indices("failed"), indices("successful")), (vec![2], vec![0, 1, 3, 4]));
    let failed = &response["failed"][0];
    assert_eq!((&failed["code"], &failed["message"]), (&json!(400), &json!("Message required")));
    assert_eq!(socket.text().await, data("s", "\"a\""));
    assert_eq!(socket.text().await, data("s", "7"));
    socket.expect_no_message().await;
    let answer = plane.publish("/coded/open", &["\"unauthorized\""]).await;
    assert_eq!((answer.status, answer.code()), (401, "UnauthorizedException"));
    let answer = plane.publish("/coded/open", &["\"error\""]).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["message"]), (403, &json!("no")));
    let response = socket.ask(&plane.publish_message("p", "/coded/open", &["\"error\""])).await;
    assert!(response.starts_with(r#"{"type":"publish_error","id":"p","errors":["#), "{response}");
}
