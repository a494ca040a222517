//! The WebSocket of an Event API: how it begins, every frame, who gets what, and how it ends.
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
async fn who_may_not_connect_is_told_so_behind_the_upgrade_and_the_connection_ends() {
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
        assert_eq!(socket.closed().await, 1_000, "{subprotocols:?}");
    }
    // This client would not go on without a subprotocol of its own, so it looks at the bytes.
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

/// What is sent, and what is answered.
#[tokio::test]
async fn every_message_is_answered_as_appsync_answers_it() {
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
    let (subscribe, publish) =
        (plane.subscribe("s", "/default/a"), plane.publishing("p", "/default/x", &["1"]));
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
    let told = socket.text().await;
    assert!(told.contains("The message is binary: send JSON as text"), "{told}");
    socket.is_quiet().await;
}

#[tokio::test]
async fn a_publisher_gets_its_receipt_and_its_own_events_one_frame_each() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "default/room").await;
    let events = ["{\"msg\": \"h\\u00e9\"}", "\"plain\"", " 42"];
    socket.send(&plane.publishing("p", "/default/room/", &events)).await;
    // As they were written.
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
async fn each_subscription_gets_what_its_channel_covers_whoever_publishes() {
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
    one.is_quiet().await;
    assert_eq!(two.text().await, data("deep", "2"));
    assert_eq!(two.text().await, data("else", "4"));
    two.is_quiet().await;
    assert_eq!(
        one.ask(r#"{"type":"unsubscribe","id":"below"}"#).await,
        r#"{"type":"unsubscribe_success","id":"below"}"#
    );
    assert_eq!(plane.publish("/default/b", &["5"]).await.status, 200);
    one.is_quiet().await;
}

#[tokio::test]
async fn a_connection_holds_200_subscriptions() {
    let plane = Plane::start().await;
    let mut socket = plane.connect().await;
    for n in 0..200 {
        socket.subscribe(&plane, &format!("s{n}"), "/default/a").await;
    }
    assert_eq!(
        socket.ask(&plane.subscribe("more", "/default/a")).await,
        r#"{"type":"subscribe_error","id":"more","errors":[{"errorType":"MaxSubscriptionsReachedError","message":"Max number of 200 subscriptions reached"}]}"#
    );
    socket.ask(r#"{"type":"unsubscribe","id":"s7"}"#).await;
    socket.subscribe(&plane, "more", "/default/a").await;
}

#[tokio::test]
async fn the_26th_publish_of_a_second_is_refused_and_other_connections_go_on() {
    let plane = Plane::start().await;
    let (mut socket, mut other) = (plane.connect().await, plane.connect().await);
    // A second may pass before the 26th is read. Sooner or later one is refused, and never one of the first 25.
    let mut taken = 0;
    let refused = 'refused: loop {
        for n in taken..taken + 26 {
            socket.send(&plane.publishing(&format!("p{n}"), "/default/a", &["1"])).await;
        }
        for _ in 0..26 {
            let answer = socket.text().await;
            if !answer.starts_with(r#"{"type":"publish_success""#) {
                break 'refused answer;
            }
            taken += 1;
        }
    };
    assert!(taken >= 25, "{taken}");
    let errors = r#"[{"errorType":"LimitExceededError","message":"Rate limit exceeded"}]"#;
    let expected = format!(r#"{{"type":"publish_error","id":"p{taken}","errors":{errors}}}"#);
    assert_eq!(refused, expected);
    let answer = other.ask(&plane.publishing("p", "/default/a", &["1"])).await;
    assert!(answer.starts_with(r#"{"type":"publish_success""#), "{answer}");
}

#[tokio::test]
async fn a_connection_ends_with_its_key() {
    let plane = Plane::start().await;
    let (mut one, mut two) = (plane.connect().await, plane.connect().await);
    // Default keys live for seven days, rounded down to the hour; a day is the longest of a connection.
    let expires = json!({ "expires": crate::faulty::NOW_S + 25 * 3_600 });
    let path = format!("/v1/apis/{}/apikeys/{}", plane.api, plane.key);
    assert_eq!(plane.faulty.appsync("POST", &path, &expires).await.status, 200);
    plane.faulty.store.move_clock(23.0 * HOUR_S);
    one.is_quiet().await;
    let mut late = plane.connect().await;
    plane.faulty.store.move_clock(1.9 * HOUR_S);
    // 24 hours are over for those.
    assert_eq!((one.closed().await, two.closed().await), (1_000, 1_000));
    late.is_quiet().await;
    plane.faulty.store.move_clock(0.2 * HOUR_S);
    assert_eq!(late.closed().await, 1_000);
    let refused = plane.publish("/default/a", &["1"]).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn a_connection_ends_when_its_key_or_its_api_is_deleted_and_no_other_does() {
    let plane = Plane::start().await;
    let path = format!("/v1/apis/{}/apikeys", plane.api);
    let made = plane.faulty.appsync("POST", &path, &json!({})).await.json();
    let second = made["apiKey"]["id"].as_str().unwrap().to_owned();
    let (mut one, mut two) = (
        plane.connect().await,
        plane.open(Some(SUBPROTOCOL), &[("x-api-key", second.as_str())]).await,
    );
    one.is_quiet().await;
    two.is_quiet().await;
    let key = format!("{path}/{second}");
    assert_eq!(plane.faulty.appsync("DELETE", &key, &Value::Null).await.status, 200);
    assert_eq!(two.closed().await, 1_000);
    one.is_quiet().await;
    let api = format!("/v2/apis/{}", plane.api);
    assert_eq!(plane.faulty.appsync("DELETE", &api, &Value::Null).await.status, 200);
    assert_eq!(one.closed().await, 1_000);
}

#[tokio::test]
async fn subscriptions_end_silently_with_their_channel_namespace() {
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

/// What a handler makes of a publish, as both ways tell it.
#[tokio::test]
async fn handlers_have_their_say_on_both_ways() {
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
    let made = plane.faulty.appsync("POST", &path, &namespace).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let mut socket = plane.connect().await;
    socket.subscribe(&plane, "s", "/coded/open").await;
    assert_eq!(
        socket.ask(&plane.subscribe("t", "/coded/closed")).await,
        r#"{"type":"subscribe_error","id":"t","errors":[{"errorType":"Unauthorized","message":"You are not authorized to make this call."}]}"#
    );
    let events = ["\"a\"", "\"drop\"", "\"fail\"", "\"grow\"", "7"];
    let answer = plane.publish("/coded/open", &events).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let listed = |list: &str| {
        let list = told[list].as_array().unwrap();
        list.iter().map(|value| value["index"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((listed("failed"), listed("successful")), (vec![2], vec![0, 1, 3, 4]));
    let failed = &told["failed"][0];
    assert_eq!((&failed["code"], &failed["message"]), (&json!(400), &json!("Message required")));
    assert_eq!(socket.text().await, data("s", "\"a\""));
    assert_eq!(socket.text().await, data("s", "7"));
    socket.is_quiet().await;
    let answer = plane.publish("/coded/open", &["\"unauthorized\""]).await;
    assert_eq!((answer.status, answer.code()), (401, "UnauthorizedException"));
    let answer = plane.publish("/coded/open", &["\"error\""]).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["message"]), (403, &json!("no")));
    let told = socket.ask(&plane.publishing("p", "/coded/open", &["\"error\""])).await;
    assert!(told.starts_with(r#"{"type":"publish_error","id":"p","errors":["#), "{told}");
}
