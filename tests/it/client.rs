//! `provision publish` and `provision subscribe`, against an Event API that each test scripts.
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use appsync_events::{
    Channel, Client, Credentials, Endpoint, Error, ErrorKind, Event, Secret, Timing,
};
use serde_json::{Value, json};

use crate::event_server::{Connection, EventServer, serve_connections, serve_responses};
use crate::guard::{growing, written};
use crate::world::{Ran, World};

const KEY: &str = "da2-abcdefghijklmnopqrstuvwxyz";

/// The program with an API key in its environment, and `input` on its standard input. It must not show the key.
fn run_with(world: &World, arguments: &[&str], input: &str) -> Ran {
    let mut command = world.command(arguments);
    command.env("PROVISION_API_KEY", KEY);
    let ran = finish(command, input);
    assert!(!ran.out.contains(KEY) && !ran.err.contains(KEY), "{ran:?}");
    ran
}

fn finish(mut command: Command, input: &str) -> Ran {
    // The test's server runs on other threads while this one waits.
    tokio::task::block_in_place(|| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let done = child.wait_with_output().unwrap();
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    })
}

fn publish(server: &EventServer, more: &[&str], input: &str) -> Ran {
    let arguments = [&["publish", "--url", &server.url, "/a/b"], more].concat();
    run_with(&World::new(), &arguments, input)
}

fn subscribe(server: &EventServer, more: &[&str]) -> Ran {
    let arguments = [&["subscribe", "--url", &server.url, "/a/b"], more].concat();
    run_with(&World::new(), &arguments, "")
}

/// AppSync's response if it accepts all events.
fn accepted(body: &Value) -> (u16, Value) {
    let events = body["events"].as_array().unwrap();
    let each = (0..events.len()).map(|n| json!({ "identifier": format!("i{n}"), "index": n }));
    (200, json!({ "successful": each.collect::<Vec<_>>(), "failed": [] }))
}

fn rejected(status: u16, error_type: &str, message: &str) -> (u16, Value) {
    (status, json!({ "errors": [{ "errorType": error_type, "message": message }] }))
}

fn batch_sizes(server: &EventServer) -> Vec<usize> {
    server.received().iter().map(|received| received["events"].as_array().unwrap().len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_sent_in_batches_of_five_and_each_batch_is_reported() {
    let server = serve_responses(|_, body| accepted(body)).await;
    let lines: String = (0..12).map(|n| format!("{{\"n\":{n}}}\n\n")).collect();
    let Ran { code, out, err } = publish(&server, &["--format", "json"], &lines);
    assert_eq!(code, 0, "{err}");
    assert_eq!(batch_sizes(&server), [5, 5, 2]);
    let received = server.received();
    assert_eq!((&received[0]["channel"], &received[0]["x-api-key"]), (&json!("/a/b"), &json!(KEY)));
    assert_eq!(received[2]["events"][1], "{\"n\":11}");
    let reported: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reported.len(), 3);
    assert_eq!(reported[2]["successful"][1], json!({ "identifier": "i1", "index": 11 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_from_arguments_files_and_lists() {
    let server = serve_responses(|_, body| accepted(body)).await;
    let world = World::new();
    world.write("one.json", "{ \"a\": [1, 2] }\n");
    world.write("list.json", "[1, \"two\", {\"three\": 3}]");
    world.write("lines.jsonl", "1\n\"two\"\n");
    let published = |more: &[&str]| {
        let arguments = [&["publish", "--url", &server.url, "a/b/"], more].concat();
        let Ran { code, out, err } = run_with(&world, &arguments, "");
        assert_eq!(code, 0, "{err}");
        (server.received().last().unwrap()["events"].clone(), out)
    };
    let (events, out) = published(&["1", "{\"a\": 2}"]);
    assert_eq!(events, json!(["1", "{\"a\": 2}"]));
    assert_eq!(out, "2 events published to /a/b\n");
    assert_eq!(published(&["--text", "it's"]).0, json!(["\"it's\""]));
    assert_eq!(published(&["--file", "one.json"]).0, json!(["{ \"a\": [1, 2] }"]));
    let list = json!(["1", "\"two\"", "{\"three\":3}"]);
    assert_eq!(published(&["--file", "list.json", "--each"]).0, list);
    assert_eq!(published(&["--file", "lines.jsonl"]).0, json!(["1", "\"two\""]));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_events_are_rejected_before_anything_is_sent() {
    let server = serve_responses(|_, body| accepted(body)).await;
    let large = format!("\"{}\"", "x".repeat(240 * 1024));
    for (more, input, code, reported) in [
        (&["{a: 1}"][..], "", 64, "event 1 is not valid JSON"),
        (&["1", "hello"], "", 64, "`--text`"),
        (&[], large.as_str(), 1, "standard input, line 1: event too large: 245762 bytes"),
        (&[], "{", 1, "standard input, line 1 is not valid JSON"),
        (&["--file", "no.json"], "", 1, "cannot read `no.json`"),
    ] {
        let ran = publish(&server, more, input);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
        assert!(ran.err.contains(reported), "{}", ran.err);
    }
    for channel in ["/a/*", "/a_b", "//"] {
        let arguments = ["publish", "--url", &server.url, channel, "1"];
        let Ran { code, err, .. } = run_with(&World::new(), &arguments, "");
        assert_eq!(code, 64);
        assert!(err.contains("is not a valid channel"), "{err}");
    }
    assert_eq!(server.received(), [] as [Value; 0]);
    let ran = publish(&server, &[], "1\n2\n{\n3\n");
    assert_eq!((ran.code, ran.out.as_str()), (3, "2 events published to /a/b\n"), "{}", ran.err);
    assert!(ran.err.contains("line 3"), "{}", ran.err);
    assert_eq!(batch_sizes(&server), [2]);
    assert_eq!(publish(&server, &[], "").code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_shows_whether_all_some_or_no_events_were_accepted() {
    let some = json!({
        "successful": [{ "identifier": "x", "index": 0 }],
        "failed": [{ "identifier": "y", "index": 1, "code": 401, "message": "no such room" }],
    });
    let server = serve_responses(move |_, _| (200, some.clone())).await;
    let Ran { code, out, err } = publish(&server, &["1", "2"], "");
    assert_eq!((code, out.as_str()), (3, "1 of 2 events published to /a/b\n"));
    assert_eq!(err, "event 2 was rejected: 401: no such room\n");

    // A handler denies one batch; the next is published.
    let server = serve_responses(|n, body| match n {
        0 => rejected(403, "", "not on sundays"),
        _ => accepted(body),
    });
    let server = server.await;
    let Ran { code, err, .. } = publish(&server, &["1", "2", "3", "4", "5", "6"], "");
    assert_eq!((code, batch_sizes(&server)), (3, vec![5, 1]));
    assert!(err.contains("events 1 to 5: /a/b: publish: not on sundays (HTTP 403"), "{err}");

    // Denied credentials stop the command.
    let unauthorized = json!({ "errors": [{ "errorType": "UnauthorizedException" }] });
    let server = serve_responses(move |_, _| (401, unauthorized.clone())).await;
    let Ran { code, out, err } =
        publish(&server, &["1", "2", "3", "4", "5", "6", "--format", "json"], "");
    assert_eq!((code, batch_sizes(&server)), (1, vec![5]));
    let reported: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(reported["error"]["errorType"], "UnauthorizedException");
    assert!(err.contains("tried with API_KEY") && err.contains("namespace `a`"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_lines_that_stops_reports_the_line_to_resume_from() {
    let server = serve_responses(|_, body| accepted(body)).await;
    let Ran { code, out, err } = publish(&server, &[], "1\n\n2\nx\n4\n");
    assert_eq!((code, out.as_str()), (3, "2 events published to /a/b\n"));
    assert!(
        err.contains("standard input, line 4 is not valid JSON: expected value at column 1\n"),
        "{err}"
    );
    assert!(err.contains("lines 1 to 3 are done; resume from line 4: `tail -n +4`"), "{err}");
    // A batch that may have been published is not reported as done.
    let server =
        serve_responses(|n, body| if n == 0 { accepted(body) } else { rejected(503, "", "later") });
    let Ran { code, err, .. } = publish(&server.await, &[], "1\n2\n3\n4\n5\n6\n7\n");
    assert_eq!(code, 3);
    assert!(err.contains("events 6 to 7: ") && err.contains("resume from line 6"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_events_that_were_certainly_not_published_are_sent_again() {
    let failing = |status: u16| {
        serve_responses(move |n, body| match n {
            0 => rejected(status, "", "later"),
            _ => accepted(body),
        })
    };
    let server = failing(429).await;
    assert_eq!(publish(&server, &["1"], "").code, 0);
    assert_eq!(batch_sizes(&server), [1, 1]);
    let server = failing(503).await;
    let Ran { code, err, .. } = publish(&server, &["1"], "");
    assert_eq!((code, batch_sizes(&server)), (1, vec![1]));
    assert!(
        err.contains("may or may not have been published") && err.contains("--at-least-once"),
        "{err}"
    );
    let server = failing(503).await;
    assert_eq!(publish(&server, &["1", "--at-least-once"], "").code, 0);
    assert_eq!(batch_sizes(&server), [1, 1]);
    let Ran { code, err, .. } =
        run_with(&World::new(), &["publish", "--url", "http://127.0.0.1:1/event", "/a", "1"], "");
    assert_eq!(code, 1);
    assert!(
        err.contains("refused") && err.contains("check that 127.0.0.1:1 is the right address"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_over_a_socket_has_the_same_outcomes() {
    let server = serve_connections(|_, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        for n in 0.. {
            let Some(frame) = connection.receive().await else { return };
            // A keep-alive comes in between.
            connection.send(json!({ "type": "ka" })).await;
            match n {
                0 => {
                    let successful = json!([{ "identifier": "x", "index": 0 }]);
                    connection.send(json!({ "type": "publish_success", "id": frame["id"], "successful": successful, "failed": [] })).await;
                }
                _ => {
                    let errors = json!([{ "errorType": "InvalidInputError", "message": "no" }]);
                    connection
                        .send(
                            json!({ "type": "publish_error", "id": frame["id"], "errors": errors }),
                        )
                        .await;
                }
            }
        }
    });
    let server = server.await;
    let Ran { code, err, .. } = publish(&server, &["--socket", "1", "2", "3", "4", "5", "6"], "");
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("event 6: /a/b: publish: InvalidInputError: no"), "{err}");
    let frames = server.received_of("publish");
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0]["authorization"]["x-api-key"], KEY);
    assert_eq!(server.close_code().await, 1000);
}

fn client(server: &EventServer) -> Client {
    let timing = Timing { initial_backoff: Duration::from_millis(1), ..Timing::default() };
    Client::new(Endpoint::parse(&server.url).unwrap()).with_timing(timing)
}

fn key() -> Credentials {
    Credentials::ApiKey(Secret::new(KEY))
}

#[tokio::test]
async fn each_failure_of_a_handshake_has_its_own_error() {
    let subscribe = async |server: EventServer| -> Error {
        let channel = Channel::parse("/a/b").unwrap();
        client(&server).subscribe(channel, key()).await.unwrap_err()
    };
    // AWS rejects credentials after the upgrade, without a message, and closes with the code 1000.
    let refusing = serve_connections(|_, mut connection: Connection| async move {
        let errors = json!([{ "errorType": "UnauthorizedException" }]);
        connection.send(json!({ "type": "connection_error", "errors": errors })).await;
        connection.close().await;
    });
    let error = subscribe(refusing.await).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.to_string(), "connect: UnauthorizedException");
    let error =
        subscribe(serve_connections(|_, connection: Connection| connection.close()).await).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert!(error.to_string().contains("closed the connection (code 1000)"), "{error}");
    let silent = serve_connections(|_, mut connection: Connection| async move {
        while connection.receive().await.is_some() {}
    });
    let silent = silent.await;
    for limit in growing(Duration::from_millis(250)) {
        let mut client = client(&silent);
        client.timing.answer_timeout = limit;
        let channel = Channel::parse("/a/b").unwrap();
        let error = client.subscribe(channel, key()).await.unwrap_err();
        // The limit may already expire during the upgrade.
        if error.kind() == ErrorKind::Unreachable {
            continue;
        }
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        let message = format!("nothing received for {} s", limit.as_secs_f32());
        assert!(error.to_string().contains(&message), "{error}");
        break;
    }
}

#[tokio::test]
async fn a_publisher_whose_socket_was_closed_opens_another_before_it_sends() {
    let server = serve_connections(|_, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        let frame = connection.receive().await.unwrap();
        connection.send(json!({ "type": "publish_success", "id": frame["id"] })).await;
        connection.close().await;
    });
    let server = server.await;
    let mut publisher = client(&server).publisher(key()).with_websocket(key());
    let channel = Channel::parse("/a").unwrap();
    let event = |text: &str| Event::from_json(text).unwrap();
    publisher.publish(&channel, &[event("1")]).await.unwrap();
    // Until the client has received the close frame, the outcome of what it sends is unknown.
    let second = loop {
        match publisher.publish(&channel, &[event("2")]).await {
            Ok(published) => break published,
            Err(error) => assert_eq!(error.kind(), ErrorKind::UnknownOutcome),
        }
    };
    assert!(second.failed.is_empty());
    assert!(server.received_of("connection_init").len() >= 2);
}

#[tokio::test]
async fn a_dropped_subscription_ends_with_a_closing_handshake() {
    let server = serve_connections(|_, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        let id = connection.accept().await;
        connection.event(&id, &json!({ "n": 1 })).await;
        connection.respond_until_closed().await;
    });
    let server = server.await;
    let channel = Channel::parse_pattern("/a/*").unwrap();
    let mut subscription = client(&server).subscribe(channel.clone(), key()).await.unwrap();
    let event = subscription.next_event().await.unwrap().unwrap();
    assert_eq!((event.json::<Value>().unwrap(), event.channel), (json!({ "n": 1 }), channel));
    drop(subscription);
    assert_eq!(server.close_code().await, 1000);
    assert_eq!(server.received_of("unsubscribe").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_connection_the_client_reconnects_and_subscribes_again() {
    let script = |n: usize, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        let (first, second) = (connection.accept().await, connection.accept().await);
        connection.event(&first, &json!({ "n": n })).await;
        connection.event(&second, &json!({ "n": n })).await;
        if n == 0 { connection.close().await } else { connection.respond_until_closed().await }
    };
    let server = serve_connections(script).await;
    let Ran { code, out, err } = subscribe(&server, &["/a/*", "--count", "4"]);
    assert_eq!(code, 0, "{err}");
    let expected = ["/a/b {\"n\":0}", "/a/* {\"n\":0}", "/a/b {\"n\":1}", "/a/* {\"n\":1}"];
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    assert!(err.contains("connection lost: receive: the server closed"), "{err}");
    assert!(err.contains("(attempt 1)") && err.matches("subscribed to /a/*").count() == 2, "{err}");
    assert_eq!(server.received_of("subscribe").len(), 4);
    assert_eq!(server.close_code().await, 1000);
    assert_eq!(server.received_of("unsubscribe").len(), 2);

    let server = serve_connections(script).await;
    let ran = subscribe(&server, &["/a/*", "--count", "4", "--no-reconnect"]);
    assert_eq!((ran.code, ran.out.lines().count()), (1, 2), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_an_accepted_key_is_denied_later_the_error_says_it_may_have_been_replaced() {
    let server = serve_connections(|n, mut connection| async move {
        if n == 0 {
            connection.acknowledge(60_000).await;
            connection.accept().await;
        } else {
            connection.receive().await;
            let errors = json!([{ "errorType": "UnauthorizedException" }]);
            connection.send(json!({ "type": "connection_error", "errors": errors })).await;
        }
        connection.close().await;
    })
    .await;
    let Ran { code, err, .. } = subscribe(&server, &[]);
    assert_eq!(code, 1);
    assert!(err.contains("and may have been replaced since"), "{err}");
    // A connection is not in a namespace.
    assert!(!err.contains("namespace"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_keep_alives_is_lost() {
    let server = serve_connections(|n, mut connection: Connection| async move {
        // Only the first connection has a short keep-alive timeout.
        connection.acknowledge(if n == 0 { 100 } else { 300_000 }).await;
        let id = connection.accept().await;
        if n > 0 {
            connection.event(&id, &json!("alive")).await;
        }
        connection.respond_until_closed().await;
    });
    let Ran { code, out, err } = subscribe(&server.await, &["--count", "1"]);
    assert_eq!((code, out.as_str()), (0, "\"alive\"\n"), "{err}");
    assert!(err.contains("nothing received for 0.1 s, not even a keep-alive"), "{err}");
}

/// Serves connections that send these events and do not close.
async fn serve_events(events: &'static [&'static str]) -> EventServer {
    serve_connections(move |_, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        let id = connection.accept().await;
        for event in events {
            connection.send(json!({ "type": "data", "id": id, "event": event })).await;
        }
        connection.respond_until_closed().await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_in_the_requested_format_and_filtered() {
    let events =
        &["{\"o\":{\"s\":\"paid\",\"n\":[1]}}", "{\"o\":{\"s\":\"new\"}}", "\"t\"", "{\n\"x\": 1}"];
    let out = async |more: &[&str]| {
        let Ran { code, out, err } = subscribe(&serve_events(events).await, more);
        assert_eq!(code, 0, "{err}");
        out
    };
    assert_eq!(out(&["--count", "2"]).await, format!("{}\n{}\n", events[0], events[1]));
    let last = out(&["--count", "4", "--format", "raw"]).await;
    assert_eq!(last.lines().last(), Some("{\"x\":1}"));
    let filtered =
        ["--where", "o.s=paid", "--where", "o.n[0]=1", "--count", "1", "--format", "json"];
    let document: Value = serde_json::from_str(&out(&filtered).await).unwrap();
    assert_eq!(
        (&document["channel"], &document["event"]["o"]["s"]),
        (&json!("/a/b"), &json!("paid"))
    );
    assert!(document["received"].as_str().unwrap().ends_with('Z'));
    assert_eq!(out(&["--where", "o.s=new", "--count", "1"]).await, format!("{}\n", events[1]));
    let wrong = subscribe(&serve_events(events).await, &["--where", "paid"]);
    assert_eq!(wrong.code, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_is_a_failure_only_if_more_events_were_requested() {
    for (events, more, expected) in
        [(&["1"][..], &[][..], 0), (&["1"], &["--count", "2"], 3), (&[], &["--count", "1"], 1)]
    {
        for timeout in growing(Duration::from_millis(250)) {
            let timeout = written(timeout);
            let more = [&["--timeout", &timeout], more].concat();
            let Ran { code, out, err } = subscribe(&serve_events(events).await, &more);
            let is_subscribed = err.contains("subscribed to /a/b");
            if is_subscribed && out.lines().count() == events.len() {
                assert_eq!(code, expected, "{err}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_subscription_is_an_error_with_the_mode_that_was_used() {
    let server = serve_connections(|_, mut connection: Connection| async move {
        connection.acknowledge(300_000).await;
        let id = connection.receive().await.unwrap()["id"].clone();
        let errors = json!([{ "errorType": "UnauthorizedException", "message": "not you" }]);
        connection.send(json!({ "type": "subscribe_error", "id": id, "errors": errors })).await;
        connection.respond_until_closed().await;
    });
    let Ran { code, out, err } = subscribe(&server.await, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("/a/b: subscribe: UnauthorizedException: not you"), "{err}");
    assert!(err.contains("tried with API_KEY"), "{err}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_unsubscribes_and_exits_with_0() {
    let server = serve_events(&["1"]).await;
    let world = World::new();
    let mut command = world.command(&["subscribe", "--url", &server.url, "/a/b"]);
    command.env("PROVISION_API_KEY", KEY).stdout(Stdio::piped());
    let code = tokio::task::block_in_place(|| {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "1\n");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        child.wait().unwrap().code()
    });
    assert_eq!(code, Some(0));
    assert_eq!(server.received_of("unsubscribe").len(), 1);
    assert_eq!(server.close_code().await, 1000);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_publishing_lines_reports_how_many_were_published() {
    let server = serve_responses(|_, body| accepted(body)).await;
    let world = World::new();
    let mut command = world.command(&["publish", "--url", &server.url, "/a/b", "--format", "json"]);
    command.env("PROVISION_API_KEY", KEY).stdin(Stdio::piped());
    let done = tokio::task::block_in_place(|| {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"1\n").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let done = child.wait_with_output().unwrap();
        drop(input);
        done
    });
    let err = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{err}");
    assert!(err.contains("interrupted after 1 event was published"), "{err}");
    assert!(err.contains("line 1 is done; resume from line 2"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_output_contains_no_secret() {
    let server =
        serve_responses(|_, _| rejected(401, "UnauthorizedException", &format!("no {KEY}"))).await;
    for more in [&["1", "-vv"][..], &["1", "--socket", "-vv"], &["1", "--print", "curl"]] {
        publish(&server, more, "");
    }
    let token = "very-secret-token";
    for more in [&["1", "-vv"][..], &["1", "--socket", "-vv"], &["1", "--print", "js"]] {
        let world = World::new();
        let mut command =
            world.command(&[&["publish", "--url", &server.url, "/a/b"], more].concat());
        command.env("PROVISION_TOKEN", token);
        let Ran { out, err, .. } = finish(command, "");
        assert!(!out.contains(token) && !err.contains(token), "{out}{err}");
    }
    assert!(server.received().iter().any(|received| received["authorization"] == token));
}
