//! `provision verify`, against an emulator that matches the spec, and against one that does not.
use std::time::Duration;

use appsync_events::verify::{
    ApiTarget, CheckSubject, CheckVerdict, CheckedOperation, HandlerSetup, LiveModes,
    ModeCredentials, NamespaceTarget, VerifyOptions, verify as verified,
};
use appsync_events::{AuthMode, Client, Credentials, Endpoint, Secret};
use provision::render::verification::{Verification, junit, table};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::event_server::serve_connections;
use crate::guard::{HANG, growing, written};
use crate::world::{Ran, World, unused_address};

const RICH: &str = "
version: 1
stack: rich
region: eu-west-1
apis:
  chat:
    auth:
      providers:
        - API_KEY
        - AWS_IAM
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: eu-west-1_AbCdEfGhI }
        - OPENID_CONNECT: { issuer: 'https://issuer.example.com' }
        - AWS_LAMBDA: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:judge' }
      connection: [AMAZON_COGNITO_USER_POOLS, API_KEY]
      publish: [AWS_IAM]
      subscribe: [AMAZON_COGNITO_USER_POOLS]
    apiKeys: { web: { validFor: 30d } }
    dataSources:
      worker:
        lambda: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:work' }
        serviceRole: 'arn:aws:iam::123456789012:role/work'
    namespaces:
      inherited: {}
      open:
        publish: [API_KEY, OPENID_CONNECT]
        subscribe: [API_KEY, OPENID_CONNECT]
      picky:
        publish: [API_KEY]
        subscribe: [API_KEY]
        handlers:
          inline: |
            export function onPublish(ctx) {
              return ctx.events.filter((it) => it.payload.kind === 'order')
            }
      worked:
        publish: [API_KEY]
        subscribe: [API_KEY]
        handlers: { onPublish: { dataSource: worker, behavior: DIRECT } }
  quiet:
    auth: { providers: [AWS_IAM] }
    namespaces: { only: {} }
";

fn rich() -> World {
    let world = World::new();
    world.write("spec.yaml", RICH);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    world
}

/// The line of the table that begins with `about`, without its latency.
fn line(table: &str, subject: &str) -> String {
    let line = table.lines().find(|line| line.trim().starts_with(subject)).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_latency = |n: usize| words.get(n + 1) == Some(&"ms") || words[n] == "ms";
    let kept = words.iter().enumerate().filter(|(n, _)| !is_latency(*n)).map(|(_, text)| *text);
    kept.collect::<Vec<_>>().join(" ")
}

/// Counts a verdict in a document.
fn count(document: &str, verdict: &str) -> usize {
    let document: Value = serde_json::from_str(document).unwrap();
    let apis = document["apis"].as_array().unwrap();
    let checks = apis.iter().flat_map(|apis| apis["findings"].as_array().unwrap());
    checks.filter(|check| check["verdict"] == verdict).count()
}

#[test]
fn the_article_stack_matches_its_spec_and_no_key_is_printed() {
    let world = World::with_article();
    let Ran { code, out, .. } = world.run(&["verify", "spec.yaml", "--local"]);
    let expected = "AWS does not have this API in region ap-northeast-1; to create it, run: provision apply spec.yaml --local";
    assert!(code == 6 && out.contains(expected), "{out}");
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let Ran { code, out, err } = world.run(&["verify", "spec.yaml", "--local"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(
        line(&out, "/sample/* API_KEY"),
        "/sample/* API_KEY yes yes yes yes matches the spec"
    );
    assert_eq!(
        line(&out, "/sample/* AWS_IAM"),
        "/sample/* AWS_IAM yes denied yes yes matches the spec"
    );
    assert_eq!(line(&out, "unknown API key"), "unknown API key denied matches the spec");
    assert!(out.contains("10 checks: 10 match the spec\n"), "{out}");
    let key = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "dotenv"];
    let key = world.ok(&key);
    let key = key.split("da2-").nth(1).unwrap()[..20].to_owned();
    for format in ["human", "json", "junit"] {
        let Ran { out, err, .. } =
            world.run(&["verify", "spec.yaml", "--local", "--format", format, "-v"]);
        assert!(!out.contains(&key) && !err.contains(&key), "{format}");
    }
}

#[test]
fn every_mode_is_tried_in_every_namespace_and_missing_credentials_are_reported() {
    let world = rich();
    let hang = written(HANG);
    let verify = ["verify", "spec.yaml", "--local", "--timeout", &hang];
    let other_namespaces = ["inherited", "open", "worked", "only"];
    let verify = [
        &verify[..],
        &other_namespaces.map(|other_namespaces| ["--namespace", other_namespaces]).concat(),
    ]
    .concat();
    let Ran { code, out, err } = world.run(&verify);
    assert_eq!(code, 0, "{out}{err}");
    for (row, expected) in [
        ("/inherited/* API_KEY", "yes denied denied denied matches the spec"),
        ("/inherited/* AWS_IAM", "denied denied yes yes matches the spec"),
        ("/inherited/* AMAZON_COGNITO_USER_POOLS", "yes yes denied denied matches the spec"),
        ("/inherited/* AWS_LAMBDA", "- - - - not tried"),
        ("/open/* OPENID_CONNECT", "denied yes yes yes matches the spec"),
        ("/worked/* API_KEY", "yes yes - - matches the spec (partly tried)"),
        ("/only/* AWS_IAM", "yes yes yes yes matches the spec"),
    ] {
        assert_eq!(line(&out, row), format!("{row} {expected}"), "{out}");
    }
    for reason in
        ["PROVISION_TOKEN_LAMBDA is required", "data source `worker`", "--with-data-sources"]
    {
        assert!(out.contains(reason), "{reason}: {out}");
    }
    assert_eq!(world.run(&[&verify[..], &["--strict"]].concat()).code, 6);
}

#[test]
fn an_event_that_the_handler_drops_is_decided_by_the_handler() {
    let world = rich();
    let picky = ["verify", "spec.yaml", "--local", "--namespace", "picky", "--mode", "api-key"];
    // The timeout must be long enough for the events that arrive; for the others, the full timeout passes.
    for timeout in growing(Duration::from_secs(1)) {
        let Ran { code, out, .. } =
            world.run(&[&picky[..], &["--timeout", &written(timeout)]].concat());
        let row = "/picky/* API_KEY yes yes handler handler handler decides";
        if code == 0 && line(&out, "/picky/* API_KEY") == row {
            assert!(out.contains("--event NAMESPACE=FILE|JSON"), "{out}");
            break;
        }
    }
}

#[test]
fn an_event_that_the_handler_keeps_is_received() {
    let world = rich();
    world.write("order.json", r#"{"kind":"order","id":"${nonce}"}"#);
    let verify = ["verify", "spec.yaml", "--local", "--namespace", "picky", "--mode", "api-key"];
    let out = world.ok(&[&verify[..], &["--event", "picky=order.json"]].concat());
    assert_eq!(line(&out, "/picky/* API_KEY"), "/picky/* API_KEY yes yes yes yes matches the spec");
    assert!(!out.contains("/open/*") && !out.contains("apis/quiet"), "{out}");
    world.write("order.json", "{");
    let Ran { code, err, .. } =
        world.run(&[&verify[..], &["--event", "picky=order.json"]].concat());
    assert!(code == 1 && err.contains("--event: order.json is not valid JSON"), "{err}");
    let event = r#"picky={"kind":"order","id":"${nonce}"}"#;
    let out = world.ok(&[&verify[..], &["--event", event]].concat());
    assert_eq!(line(&out, "/picky/* API_KEY"), "/picky/* API_KEY yes yes yes yes matches the spec");
    let Ran { code, err, .. } =
        world.run(&[&verify[..], &["--event", r#"picky={"id": ${nonce}}"#]].concat());
    assert!(code == 1 && err.contains("--event is not valid JSON"), "{err}");
    let Ran { code, err, .. } =
        world.run(&["verify", "spec.yaml", "--local", "--namespace", "pikky"]);
    assert!(code == 64 && err.contains("did you mean `picky`?"), "{err}");
}

#[test]
fn operations_that_aws_allows_or_denies_contrary_to_the_spec_are_differences() {
    let world = rich();
    let open = "publish: [API_KEY, OPENID_CONNECT]";
    assert!(RICH.contains(open));
    world.write("other.yaml", &RICH.replace(open, "publish: [AWS_IAM, OPENID_CONNECT]"));
    world.ok(&["apply", "other.yaml", "--local", "--yes"]);
    let verify = ["verify", "spec.yaml", "--local", "--namespace", "open"];
    let Ran { code, out, err } = world.run(&verify);
    assert_eq!(code, 6, "{out}");
    assert_eq!(line(&out, "/open/* API_KEY"), "/open/* API_KEY yes yes FAILED FAILED difference");
    assert_eq!(
        line(&out, "/open/* AWS_IAM"),
        "/open/* AWS_IAM denied denied ACCEPTED ACCEPTED difference"
    );
    assert!(out.contains("accepted, but expected to be denied"), "{out}");
    assert!(
        out.contains("denied, but expected to be allowed: publish: UnauthorizedException"),
        "{out}"
    );
    let expected = "AWS does not match the spec; to see the differences, run: provision plan spec.yaml --local\n";
    assert!(err.contains(expected), "{err}");
    let refusals = [&verify[..], &["--only-refusals", "--format", "json"]].concat();
    let Ran { code, out, .. } = world.run(&refusals);
    assert_eq!((code, count(&out, "difference")), (6, 2), "{out}");
    assert!(!out.contains("\"allowed\""), "{out}");
}

#[test]
fn a_subscription_that_aws_accepts_contrary_to_the_spec_is_a_difference() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let spec = std::fs::read_to_string(world.path("spec.yaml")).unwrap();
    let name = "sample: { logicalId: NameSpace }";
    assert!(spec.contains(name), "{spec}");
    let wider = "sample: { logicalId: NameSpace, subscribe: [AWS_IAM, API_KEY] }";
    world.write("wider.yaml", &spec.replace(name, wider));
    world.ok(&["apply", "wider.yaml", "--local", "--yes"]);
    let Ran { code, out, err } = world.run(&["verify", "spec.yaml", "--local"]);
    assert_eq!(code, 6, "{out}{err}");
    assert_eq!(
        line(&out, "/sample/* API_KEY"),
        "/sample/* API_KEY yes yes yes yes matches the spec"
    );
    assert_eq!(
        line(&out, "/sample/* AWS_IAM"),
        "/sample/* AWS_IAM yes ACCEPTED yes yes difference"
    );
}

#[test]
fn a_mode_that_no_api_has_is_a_usage_error() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let Ran { code, err, .. } = world.run(&["verify", "spec.yaml", "--local", "--mode", "cognito"]);
    let expected = "--mode: none of the APIs to verify has AMAZON_COGNITO_USER_POOLS";
    assert!(code == 64 && err.contains(expected), "{err}");
    assert!(err.contains("apis/sample has API_KEY, AWS_IAM"), "{err}");
    // A mode that the API does not have is tried if there are credentials for it.
    let verify = ["verify", "spec.yaml", "--local", "--mode", "lambda", "--token", "lambda=x"];
    let out = world.ok(&verify);
    assert!(line(&out, "/sample/* AWS_LAMBDA").contains("denied"), "{out}");
}

/// Applies `spec` and then `deployed`, and verifies `spec`.
fn verified_against(spec: &str, deployed: &str, more: &[&str]) -> Ran {
    let world = World::new();
    world.write("spec.yaml", spec);
    world.write("deployed.yaml", deployed);
    world.ok(&["apply", "spec.yaml", "--local=aws", "--yes"]);
    world.ok(&["apply", "deployed.yaml", "--local=aws", "--yes"]);
    let hang = written(HANG);
    world.run(&[&["verify", "spec.yaml", "--local=aws", "--timeout", &hang], more].concat())
}

const HANDLED: &str = "
version: 1
stack: handled
region: eu-west-1
apis:
  chat:
    auth: { providers: [API_KEY, AWS_IAM] }
    apiKeys: { web: { validFor: 30d } }
    namespaces:
      plain: {}
      room: {}
";

#[test]
fn a_resource_that_does_not_exist_on_aws_is_a_difference() {
    let keyless = HANDLED.replace("    apiKeys: { web: { validFor: 30d } }\n", "");
    let Ran { code, out, .. } = verified_against(HANDLED, &keyless, &[]);
    assert_eq!(code, 6, "{out}");
    let expected = "difference: apis/chat/apiKeys/web: the spec declares this API key, but AWS does not have it; to create it, run: provision apply spec.yaml --local=aws\n";
    assert!(out.contains(expected), "{out}");
    let roomless = HANDLED.replace("      room: {}\n", "");
    let Ran { code, out, .. } = verified_against(HANDLED, &roomless, &[]);
    assert_eq!(code, 6, "{out}");
    assert!(out.contains("difference: apis/chat/namespaces/room: "), "{out}");
    assert!(out.contains("; AWS does not have the namespace") && !out.contains("IAM has"), "{out}");
    // Resources that are not selected are not reported.
    let Ran { code, out, .. } = verified_against(HANDLED, &roomless, &["--namespace", "plain"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn an_undeclared_handler_is_a_difference() {
    let handler = "room: { handlers: { inline: 'export function onPublish() { return [] } export function onSubscribe() { util.unauthorized() }' } }";
    let handled = HANDLED.replace("room: {}", handler);
    let Ran { code, out, .. } = verified_against(HANDLED, &handled, &[]);
    assert_eq!(code, 6, "{out}");
    assert_eq!(
        line(&out, "/room/* API_KEY"),
        "/room/* API_KEY yes FAILED yes yes difference",
        "{out}"
    );
    assert!(out.contains("; AWS has a handler that the spec does not declare"), "{out}");
    let expected =
        "difference: apis/chat/namespaces/room: AWS has a handler that the spec does not declare";
    assert!(out.contains(expected), "{out}");
    // A declared handler decides.
    let Ran { code, out, .. } = verified_against(&handled, &handled, &[]);
    assert_eq!(code, 0, "{out}");
    assert!(line(&out, "/room/* API_KEY").ends_with("handler decides"), "{out}");
    let Ran { code, out, .. } = verified_against(&handled, HANDLED, &[]);
    assert_eq!(code, 6, "{out}");
    assert!(out.contains("AWS does not have the handler that the spec declares"), "{out}");
}

#[test]
fn a_mode_that_the_namespace_denies_is_not_denied_by_its_handler() {
    let handler = "handlers: { inline: 'export const onPublish = (ctx) => ctx.events' }";
    let open = HANDLED.replace("room: {}", &format!("room: {{ {handler} }}"));
    let closed = HANDLED.replace("room: {}", &format!("room: {{ publish: [AWS_IAM], {handler} }}"));
    let Ran { code, out, .. } = verified_against(&open, &closed, &[]);
    assert_eq!(code, 6, "{out}");
    assert_eq!(line(&out, "/room/* API_KEY"), "/room/* API_KEY yes yes FAILED FAILED difference");
}

#[test]
fn junit_has_a_case_for_each_check() {
    let world = rich();
    world.write("other.yaml", &RICH.replace("inherited: {}", "inherited: { publish: [API_KEY] }"));
    world.ok(&["apply", "other.yaml", "--local", "--yes"]);
    let Ran { code, out, err } = world.run(&[
        "verify",
        "spec.yaml",
        "--local",
        "--namespace",
        "inherited",
        "--format",
        "junit",
        "--out",
        "verify.xml",
    ]);
    assert_eq!((code, out.as_str()), (6, ""));
    assert!(err.contains("/inherited/* API_KEY"), "{err}");
    let xml = std::fs::read_to_string(world.path("verify.xml")).unwrap();
    let mut reader = Reader::from_str(&xml);
    let (mut cases, mut failures, mut skipped) = (0, 0, 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                b"testcase" => cases += 1,
                b"failure" => failures += 1,
                b"skipped" => skipped += 1,
                _ => {}
            },
            _ => {}
        }
    }
    assert_eq!((cases, failures, skipped), (22, 4, 4), "{xml}");
    let numbers = r#"tests="22" skipped="4" failures="4" errors="0""#;
    assert!(xml.contains(numbers), "{xml}");
    assert!(
        xml.contains(
            r#"<failure message="accepted, but expected to be denied" type="difference">"#
        )
    );
    assert!(xml.contains(r#"type="UnauthorizedException""#), "{xml}");
}

#[tokio::test]
async fn an_expired_key_is_named() {
    let world = World::with_article();
    let serving = world.serve(&[]);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let epoch_s = advance_clock(&serving.url, 8 * 86_400).await;
    let now = jiff::Timestamp::from_second(epoch_s).unwrap().to_string();
    let Ran { code, out, err } = world.run(&["verify", "spec.yaml", "--local", "--now", &now]);
    assert_eq!(code, 6, "{out}{err}");
    assert_eq!(
        line(&out, "/sample/* API_KEY"),
        "/sample/* API_KEY FAILED FAILED FAILED FAILED difference"
    );
    assert!(out.contains("key default expired at"), "{out}");
    assert!(out.contains("no credentials allow subscribing"), "{out}");
}

/// Advances the clock of the emulator, and returns its new time.
async fn advance_clock(url: &str, by_s: i64) -> i64 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = format!(r#"{{"advance-s":{by_s}}}"#);
    let length = body.len();
    let request = format!(
        "PUT /_provision/clock HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    body["epoch-s"].as_f64().unwrap() as i64
}

#[test]
fn apply_can_verify_the_stack() {
    let world = World::with_article();
    let apply = ["apply", "spec.yaml", "--local", "--yes", "--verify"];
    let out = world.ok(&apply);
    assert!(out.contains("apis/sample") && out.contains("10 checks: 10 match"), "{out}");
    let out = world.ok(&[&apply[..], &["--format", "json"]].concat());
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["verification"]["proved"]),
        (&"verification".into(), &true.into())
    );
    // The changes are applied whatever the result is, so the exit code does not deny it.
    let mut command = world.command(&apply);
    let failed = command.env("AWS_CA_BUNDLE", "nowhere.pem").output().unwrap();
    let err = String::from_utf8(failed.stderr).unwrap();
    assert_eq!(failed.status.code(), Some(6), "{err}");
    assert!(err.contains("certificates"), "{err}");
}

/// An API with one namespace that accepts the key.
fn target(url: &str) -> ApiTarget {
    let namespace = NamespaceTarget {
        name: "chat".to_owned(),
        publish: vec![AuthMode::ApiKey],
        subscribe: vec![AuthMode::ApiKey],
        on_publish: HandlerSetup::None,
        on_subscribe: HandlerSetup::None,
        live_modes: Some(LiveModes {
            publish: vec![AuthMode::ApiKey],
            subscribe: vec![AuthMode::ApiKey],
        }),
        event: None,
    };
    let key = Credentials::ApiKey(Secret::new("da2-x"));
    let key_credentials =
        ModeCredentials { mode: AuthMode::ApiKey, credentials: Ok(key), denial_hint: None };
    let endpoint = Endpoint::parse(url).unwrap();
    ApiTarget {
        name: "chat".to_owned(),
        client: Client::new(endpoint),
        connect: vec![AuthMode::ApiKey],
        credentials: vec![key_credentials],
        namespaces: vec![namespace],
        differences: Vec::new(),
    }
}

#[tokio::test]
async fn an_event_that_does_not_arrive_is_published_again_and_timed_from_then() {
    let server = serve_connections(|n, mut connection| async move {
        if n > 0 {
            let error = json!({ "errorType": "UnauthorizedException" });
            return connection.send(json!({ "type": "connection_error", "errors": [error] })).await;
        }
        connection.acknowledge(300_000).await;
        let subscription = connection.accept().await;
        let mut published = 0;
        while let Some(frame) = connection.receive().await {
            let accepted = json!([{ "identifier": "i", "index": 0 }]);
            let answer = json!({ "type": "publish_success", "id": frame["id"], "successful": accepted, "failed": [] });
            connection.send(answer).await;
            published += 1;
            if published == 2 {
                let event = frame["events"][0].as_str().unwrap();
                connection.event(&subscription, &serde_json::from_str(event).unwrap()).await;
            }
        }
    })
    .await;
    let options = VerifyOptions { timeout: HANG, only_denials: false, with_data_sources: false };
    let verification = verified(&target(&server.url), options).await;
    let result_of = |operation| {
        verification.results.iter().find(|result| result.operation == operation).unwrap()
    };
    let socket = result_of(CheckedOperation::PublishSocket);
    assert_eq!(
        (socket.verdict, result_of(CheckedOperation::Subscribe).verdict),
        (CheckVerdict::Same, CheckVerdict::Same)
    );
    // The delay before the second event, half a second, is not part of its latency.
    assert!(socket.duration_ms >= 499.9 + socket.latency_ms.unwrap(), "{socket:?}");
    assert_eq!(server.received_of("publish").len(), 2);
    // The server does not support publishing over HTTP.
    assert_eq!(result_of(CheckedOperation::PublishHttp).verdict, CheckVerdict::Unclear);
}

/// The server delivers events only to subscriptions with an API key.
#[tokio::test]
async fn an_event_that_only_a_forbidden_subscription_receives_has_not_arrived() {
    let server = serve_connections(|n, mut connection| async move {
        if n > 1 {
            let error = json!({ "errorType": "UnauthorizedException" });
            return connection.send(json!({ "type": "connection_error", "errors": [error] })).await;
        }
        connection.acknowledge(300_000).await;
        let mut subscription = None;
        while let Some(frame) = connection.receive().await {
            let id = frame["id"].as_str().unwrap().to_owned();
            if frame["type"] == "subscribe" {
                connection.send(json!({ "type": "subscribe_success", "id": id })).await;
                subscription = frame["authorization"].get("x-api-key").map(|_| id);
                continue;
            }
            let accepted = json!([{ "identifier": "i", "index": 0 }]);
            connection.send(
                json!({ "type": "publish_success", "id": id, "successful": accepted, "failed": [] }),
            )
            .await;
            if let Some(subscription) = &subscription {
                let event = frame["events"][0].as_str().unwrap();
                connection.event(subscription, &serde_json::from_str(event).unwrap()).await;
            }
        }
    })
    .await;
    let mut target = target(&server.url);
    let token = Credentials::Token(AuthMode::Lambda, Secret::new("let-me-in"));
    target.credentials.push(ModeCredentials {
        mode: AuthMode::Lambda,
        credentials: Ok(token),
        denial_hint: None,
    });
    target.connect.push(AuthMode::Lambda);
    target.namespaces[0].subscribe = vec![AuthMode::Lambda];
    target.namespaces[0].live_modes = None;
    let timeout = Duration::from_millis(600);
    let options = VerifyOptions { timeout, only_denials: false, with_data_sources: false };
    let verification = verified(&target, options).await;
    let result_of = |operation, mode: AuthMode| {
        let subject = CheckSubject::Namespace { namespace: "chat".to_owned(), mode };
        let mut all = verification.results.iter();
        all.find(|result| result.operation == operation && result.subject == subject)
            .unwrap()
            .verdict
    };
    assert_eq!(result_of(CheckedOperation::Subscribe, AuthMode::ApiKey), CheckVerdict::Difference);
    assert_eq!(
        result_of(CheckedOperation::PublishSocket, AuthMode::ApiKey),
        CheckVerdict::Difference
    );
}

#[tokio::test]
async fn if_the_api_is_unreachable_one_check_reports_it_and_the_others_are_not_tried() {
    let (_socket, address) = unused_address();
    let target = target(&format!("http://{address}/event"));
    let options = VerifyOptions { timeout: HANG, only_denials: false, with_data_sources: false };
    let verification = verified(&target, options).await;
    let verdicts: Vec<CheckVerdict> =
        verification.results.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts[0], CheckVerdict::Unclear);
    assert!(
        verdicts[1..].iter().all(|verdict| *verdict == CheckVerdict::NotTried)
            && verdicts.len() == 6
    );
    let verification = Verification::new("chat", vec![verification], false);
    assert!(!verification.proved);
    let text = table(&verification);
    assert!(text.contains("127.0.0.1: Connection refused"), "{text}");
    assert!(text.contains("the API is unreachable"), "{text}");
    assert!(junit(&verification, false).contains(r#"skipped="5" failures="0" errors="1""#));
}
