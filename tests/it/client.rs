//! `provision publish` and `provision subscribe`, against an Event API that each test scripts.
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use appsync_events::{
    Channel, Client, Credentials, Endpoint, Error, ErrorKind, Event, Secret, Timing,
};
use serde_json::{Value, json};

use crate::event_server::{EventServer, Talk, answers, talks};
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
    // The server of the test goes on while this waits.
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

/// AppSync's answer if it takes all.
fn taken(body: &Value) -> (u16, Value) {
    let events = body["events"].as_array().unwrap();
    let each = (0..events.len()).map(|n| json!({ "identifier": format!("i{n}"), "index": n }));
    (200, json!({ "successful": each.collect::<Vec<_>>(), "failed": [] }))
}

fn refused(status: u16, error_type: &str, message: &str) -> (u16, Value) {
    (status, json!({ "errors": [{ "errorType": error_type, "message": message }] }))
}

fn sizes(server: &EventServer) -> Vec<usize> {
    server.heard().iter().map(|heard| heard["events"].as_array().unwrap().len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_sent_in_batches_of_five_and_each_batch_is_reported() {
    let server = answers(|_, body| taken(body)).await;
    let lines: String = (0..12).map(|n| format!("{{\"n\":{n}}}\n\n")).collect();
    let Ran { code, out, err } = publish(&server, &["--format", "json"], &lines);
    assert_eq!(code, 0, "{err}");
    assert_eq!(sizes(&server), [5, 5, 2]);
    let heard = server.heard();
    assert_eq!((&heard[0]["channel"], &heard[0]["x-api-key"]), (&json!("/a/b"), &json!(KEY)));
    assert_eq!(heard[2]["events"][1], "{\"n\":11}");
    let told: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[2]["successful"][1], json!({ "identifier": "i1", "index": 11 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_from_words_files_and_lists() {
    let server = answers(|_, body| taken(body)).await;
    let world = World::new();
    world.write("one.json", "{ \"a\": [1, 2] }\n");
    world.write("list.json", "[1, \"two\", {\"three\": 3}]");
    world.write("lines.jsonl", "1\n\"two\"\n");
    let published = |more: &[&str]| {
        let arguments = [&["publish", "--url", &server.url, "a/b/"], more].concat();
        let Ran { code, out, err } = run_with(&world, &arguments, "");
        assert_eq!(code, 0, "{err}");
        (server.heard().last().unwrap()["events"].clone(), out)
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
async fn what_can_not_be_published_is_refused_before_anything_is_sent() {
    let server = answers(|_, body| taken(body)).await;
    let large = format!("\"{}\"", "x".repeat(240 * 1024));
    for (more, input, code, told) in [
        (&["{a: 1}"][..], "", 64, "event 1 is not valid JSON"),
        (&["1", "hello"], "", 64, "`--text`"),
        (&[], large.as_str(), 1, "standard input, line 1: event too large: 245762 bytes"),
        (&[], "{", 1, "standard input, line 1 is not valid JSON"),
        (&["--file", "no.json"], "", 1, "cannot read `no.json`"),
    ] {
        let ran = publish(&server, more, input);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
    }
    for channel in ["/a/*", "/a_b", "//"] {
        let arguments = ["publish", "--url", &server.url, channel, "1"];
        let Ran { code, err, .. } = run_with(&World::new(), &arguments, "");
        assert_eq!(code, 64);
        assert!(err.contains("is not a valid channel"), "{err}");
    }
    assert_eq!(server.heard(), [] as [Value; 0]);
    let ran = publish(&server, &[], "1\n2\n{\n3\n");
    assert_eq!((ran.code, ran.out.as_str()), (3, "2 events published to /a/b\n"), "{}", ran.err);
    assert!(ran.err.contains("line 3"), "{}", ran.err);
    assert_eq!(sizes(&server), [2]);
    assert_eq!(publish(&server, &[], "").code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_whether_all_some_or_none_were_taken() {
    let some = json!({
        "successful": [{ "identifier": "x", "index": 0 }],
        "failed": [{ "identifier": "y", "index": 1, "code": 401, "message": "no such room" }],
    });
    let server = answers(move |_, _| (200, some.clone())).await;
    let Ran { code, out, err } = publish(&server, &["1", "2"], "");
    assert_eq!((code, out.as_str()), (3, "1 of 2 events published to /a/b\n"));
    assert_eq!(err, "event 2 was rejected: 401: no such room\n");

    // A handler denies one batch; the next is published.
    let server = answers(|n, body| match n {
        0 => refused(403, "", "not on sundays"),
        _ => taken(body),
    });
    let server = server.await;
    let Ran { code, err, .. } = publish(&server, &["1", "2", "3", "4", "5", "6"], "");
    assert_eq!((code, sizes(&server)), (3, vec![5, 1]));
    assert!(err.contains("events 1 to 5: /a/b: publish: not on sundays (HTTP 403"), "{err}");

    // Denied credentials stop the command.
    let unauthorized = json!({ "errors": [{ "errorType": "UnauthorizedException" }] });
    let server = answers(move |_, _| (401, unauthorized.clone())).await;
    let Ran { code, out, err } =
        publish(&server, &["1", "2", "3", "4", "5", "6", "--format", "json"], "");
    assert_eq!((code, sizes(&server)), (1, vec![5]));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["error"]["errorType"], "UnauthorizedException");
    assert!(err.contains("tried with API_KEY") && err.contains("namespace `a`"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_lines_that_stops_reports_the_line_to_resume_from() {
    let server = answers(|_, body| taken(body)).await;
    let Ran { code, out, err } = publish(&server, &[], "1\n\n2\nx\n4\n");
    assert_eq!((code, out.as_str()), (3, "2 events published to /a/b\n"));
    assert!(
        err.contains("standard input, line 4 is not valid JSON: expected value at column 1\n"),
        "{err}"
    );
    assert!(err.contains("lines 1 to 3 are done; resume from line 4: `tail -n +4`"), "{err}");
    // A batch that may have been published is not reported as done.
    let server = answers(|n, body| if n == 0 { taken(body) } else { refused(503, "", "later") });
    let Ran { code, err, .. } = publish(&server.await, &[], "1\n2\n3\n4\n5\n6\n7\n");
    assert_eq!(code, 3);
    assert!(err.contains("events 6 to 7: ") && err.contains("resume from line 6"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_certainly_not_published_is_sent_again() {
    let failing = |status: u16| {
        answers(move |n, body| match n {
            0 => refused(status, "", "later"),
            _ => taken(body),
        })
    };
    let server = failing(429).await;
    assert_eq!(publish(&server, &["1"], "").code, 0);
    assert_eq!(sizes(&server), [1, 1]);
    let server = failing(503).await;
    let Ran { code, err, .. } = publish(&server, &["1"], "");
    assert_eq!((code, sizes(&server)), (1, vec![1]));
    assert!(
        err.contains("may or may not have been published") && err.contains("--at-least-once"),
        "{err}"
    );
    let server = failing(503).await;
    assert_eq!(publish(&server, &["1", "--at-least-once"], "").code, 0);
    assert_eq!(sizes(&server), [1, 1]);
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
    let server = talks(|_, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        for n in 0.. {
            let Some(frame) = talk.hear().await else { return };
            // An event of another's and a sign of life come in between.
            talk.say(json!({ "type": "ka" })).await;
            match n {
                0 => {
                    let successful = json!([{ "identifier": "x", "index": 0 }]);
                    talk.say(json!({ "type": "publish_success", "id": frame["id"], "successful": successful, "failed": [] })).await;
                }
                _ => {
                    let errors = json!([{ "errorType": "InvalidInputError", "message": "no" }]);
                    talk.say(
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
    let frames = server.heard_of("publish");
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0]["authorization"]["x-api-key"], KEY);
    assert_eq!(server.farewell().await, 1000);
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
    // As AWS refuses credentials: after the upgrade, without a message, with the code of a good end.
    let refusing = talks(|_, mut talk: Talk| async move {
        let errors = json!([{ "errorType": "UnauthorizedException" }]);
        talk.say(json!({ "type": "connection_error", "errors": errors })).await;
        talk.end().await;
    });
    let error = subscribe(refusing.await).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.to_string(), "connect: UnauthorizedException");
    let error = subscribe(talks(|_, talk: Talk| talk.end()).await).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert!(error.to_string().contains("closed the connection (code 1000)"), "{error}");
    let silent = talks(|_, mut talk: Talk| async move { while talk.hear().await.is_some() {} });
    let silent = silent.await;
    for limit in growing(Duration::from_millis(250)) {
        let mut client = client(&silent);
        client.timing.answer_timeout = limit;
        let channel = Channel::parse("/a/b").unwrap();
        let error = client.subscribe(channel, key()).await.unwrap_err();
        // It has to wait for the upgrade no longer than for the answer after it.
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
async fn a_publisher_whose_socket_has_ended_opens_another_before_it_sends() {
    let server = talks(|_, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        let frame = talk.hear().await.unwrap();
        talk.say(json!({ "type": "publish_success", "id": frame["id"] })).await;
        talk.end().await;
    });
    let server = server.await;
    let mut publisher = client(&server).publisher(key()).with_websocket(key());
    let channel = Channel::parse("/a").unwrap();
    let event = |text: &str| Event::from_json(text).unwrap();
    publisher.publish(&channel, &[event("1")]).await.unwrap();
    // The farewell is on its way; what is sent into it is uncertain, so that it shows when it was heard.
    let second = loop {
        match publisher.publish(&channel, &[event("2")]).await {
            Ok(published) => break published,
            Err(error) => assert_eq!(error.kind(), ErrorKind::UnknownOutcome),
        }
    };
    assert!(second.failed.is_empty());
    assert!(server.heard_of("connection_init").len() >= 2);
}

#[tokio::test]
async fn a_dropped_subscription_ends_with_a_closing_handshake() {
    let server = talks(|_, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        let id = talk.accept().await;
        talk.event(&id, &json!({ "n": 1 })).await;
        talk.linger().await;
    });
    let server = server.await;
    let channel = Channel::parse_pattern("/a/*").unwrap();
    let mut subscription = client(&server).subscribe(channel.clone(), key()).await.unwrap();
    let event = subscription.next_event().await.unwrap().unwrap();
    assert_eq!((event.json::<Value>().unwrap(), event.channel), (json!({ "n": 1 }), channel));
    drop(subscription);
    assert_eq!(server.farewell().await, 1000);
    assert_eq!(server.heard_of("unsubscribe").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_opened_again_and_everything_subscribed_anew() {
    let talk = |n: usize, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        let (first, second) = (talk.accept().await, talk.accept().await);
        talk.event(&first, &json!({ "n": n })).await;
        talk.event(&second, &json!({ "n": n })).await;
        if n == 0 { talk.end().await } else { talk.linger().await }
    };
    let server = talks(talk).await;
    let Ran { code, out, err } = subscribe(&server, &["/a/*", "--count", "4"]);
    assert_eq!(code, 0, "{err}");
    let expected = ["/a/b {\"n\":0}", "/a/* {\"n\":0}", "/a/b {\"n\":1}", "/a/* {\"n\":1}"];
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    assert!(err.contains("connection lost: receive: the server closed"), "{err}");
    assert!(err.contains("(attempt 1)") && err.matches("subscribed to /a/*").count() == 2, "{err}");
    assert_eq!(server.heard_of("subscribe").len(), 4);
    assert_eq!(server.farewell().await, 1000);
    assert_eq!(server.heard_of("unsubscribe").len(), 2);

    let server = talks(talk).await;
    let ran = subscribe(&server, &["/a/*", "--count", "4", "--no-reconnect"]);
    assert_eq!((ran.code, ran.out.lines().count()), (1, 2), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_after_it_was_accepted_may_have_been_replaced() {
    let server = talks(|n, mut talk| async move {
        if n == 0 {
            talk.authorized(60_000).await;
            talk.accept().await;
        } else {
            talk.hear().await;
            let errors = json!([{ "errorType": "UnauthorizedException" }]);
            talk.say(json!({ "type": "connection_error", "errors": errors })).await;
        }
        talk.end().await;
    })
    .await;
    let Ran { code, err, .. } = subscribe(&server, &[]);
    assert_eq!(code, 1);
    assert!(err.contains("and may have been replaced since"), "{err}");
    // A connection is about no namespace.
    assert!(!err.contains("namespace"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_falls_silent_is_lost() {
    let server = talks(|n, mut talk: Talk| async move {
        // Only the first wants a sign of life so soon.
        talk.authorized(if n == 0 { 100 } else { 300_000 }).await;
        let id = talk.accept().await;
        if n > 0 {
            talk.event(&id, &json!("alive")).await;
        }
        talk.linger().await;
    });
    let Ran { code, out, err } = subscribe(&server.await, &["--count", "1"]);
    assert_eq!((code, out.as_str()), (0, "\"alive\"\n"), "{err}");
    assert!(err.contains("nothing received for 0.1 s, not even a keep-alive"), "{err}");
}

/// Sends these events and stays.
async fn sending(events: &'static [&'static str]) -> EventServer {
    talks(move |_, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        let id = talk.accept().await;
        for event in events {
            talk.say(json!({ "type": "data", "id": id, "event": event })).await;
        }
        talk.linger().await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_as_asked_and_only_those_that_are_wanted() {
    let events =
        &["{\"o\":{\"s\":\"paid\",\"n\":[1]}}", "{\"o\":{\"s\":\"new\"}}", "\"t\"", "{\n\"x\": 1}"];
    let out = async |more: &[&str]| {
        let Ran { code, out, err } = subscribe(&sending(events).await, more);
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
    let wrong = subscribe(&sending(events).await, &["--where", "paid"]);
    assert_eq!(wrong.code, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_is_an_end_or_a_failure_if_more_was_wanted() {
    for (events, more, expected) in
        [(&["1"][..], &[][..], 0), (&["1"], &["--count", "2"], 3), (&[], &["--count", "1"], 1)]
    {
        for timeout in growing(Duration::from_millis(250)) {
            let timeout = written(timeout);
            let more = [&["--timeout", &timeout], more].concat();
            let Ran { code, out, err } = subscribe(&sending(events).await, &more);
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
    let server = talks(|_, mut talk: Talk| async move {
        talk.authorized(300_000).await;
        let id = talk.hear().await.unwrap()["id"].clone();
        let errors = json!([{ "errorType": "UnauthorizedException", "message": "not you" }]);
        talk.say(json!({ "type": "subscribe_error", "id": id, "errors": errors })).await;
        talk.linger().await;
    });
    let Ran { code, out, err } = subscribe(&server.await, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("/a/b: subscribe: UnauthorizedException: not you"), "{err}");
    assert!(err.contains("tried with API_KEY"), "{err}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_it_well_after_taking_leave() {
    let server = sending(&["1"]).await;
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
    assert_eq!(server.heard_of("unsubscribe").len(), 1);
    assert_eq!(server.farewell().await, 1000);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_lines_are_published_says_how_many_were() {
    let server = answers(|_, body| taken(body)).await;
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
    let server = answers(|_, _| refused(401, "UnauthorizedException", &format!("no {KEY}"))).await;
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
    assert!(server.heard().iter().any(|heard| heard["authorization"] == token));
}
