//! Failed calls: the operation, AWS's error, the likely cause, the fix, and the remaining steps.
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use appsync_local::Store;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::{Next, from_fn};
use serde_json::{Value, json};

use crate::guard::{growing, unless_it_hangs, written};
use crate::interrupts::{CallGate, read_until};
use crate::world::{Ran, Running, Served, World, serve, serve_store};

const SPEC: &str = "\
version: 1
stack: chat
apis:
  chat:
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }
    apiKeys: { web: {} }
    namespaces:
      orders: { handlers: { code: handlers/orders.js } }
      users: {}
";
const CODE: &str = "export function onPublish(ctx) {\n  return ctx.évènts.map(it => it)\n}\n";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world.write("handlers/orders.js", CODE);
    world
}

async fn faulty(faults: Value) -> Served {
    let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
    store.set_faults(serde_json::from_value(faults).unwrap());
    serve_store(store, |router| router).await
}

/// `provision` against `served`.
fn command(world: &World, served: &Served, arguments: &[&str]) -> Command {
    let mut command = world.command(&[arguments, &["--endpoint-url", &served.url]].concat());
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("AWS_REGION", "ap-northeast-1");
    command
}

/// Runs it until it exits.
async fn run(world: &World, served: &Served, arguments: &[&str]) -> Ran {
    let command = command(world, served, arguments);
    let done = Running::start(command).output().await;
    Ran {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

async fn apply(world: &World, served: &Served) -> Ran {
    run(world, served, &["apply", "spec.yaml", "--yes"]).await
}

fn error(on: &str, code: &str, status: u16, message: &str) -> Value {
    let fault = json!({ "error": { "code": code, "status": status, "message": message } });
    json!({ "rules": [{ "on": on, "fault": fault }] })
}

/// The lines of a failure, without the request id.
fn card(err: &str, address: &str) -> Vec<String> {
    let head = format!("  ✗ {address}: could not be");
    let lines = err.lines().skip_while(|line| !line.starts_with(&head));
    let inside = |text: &&str| text.starts_with("    ") || text.starts_with(&head);
    let lines: Vec<&str> = lines.take_while(inside).map(str::trim).collect();
    assert!(lines.iter().any(|line| line.starts_with("request ")), "{err}");
    lines
        .iter()
        .filter(|line| !line.starts_with("request "))
        .map(|line| (*line).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_quota_is_named_and_remaining_steps_are_listed() {
    let served = faulty(json!({ "quotas": { "namespaces": 1 } })).await;
    let world = world();
    let Ran { code, err, .. } = apply(&world, &served).await;
    assert_eq!(code, 3, "{err}");
    let failed =
        if err.contains("✗ apis/chat/namespaces/orders: could not") { "orders" } else { "users" };
    let address = format!("apis/chat/namespaces/{failed}");
    let card = card(&err, &address);
    assert_eq!(card[0], format!("✗ {address}: could not be created"));
    assert!(card[1].starts_with("CreateChannelNamespace: ServiceQuotaExceededException"), "{err}");
    assert!(
        card[2].starts_with("likely cause: the API has reached its quota of channel namespaces"),
        "{err}"
    );
    assert!(card[3].starts_with("help: delete an unused namespace"), "{err}");
    assert!(err.contains("\n3 done, 1 failed.\n"), "{err}");
    assert!(
        err.contains(&format!("\nRemaining steps:\n  ✗ {address} not created: it failed\n")),
        "{err}"
    );
    assert!(err.contains("run the command again; it continues with the remaining steps"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_names_the_missing_permission_and_the_skipped_steps() {
    let message = "User: u is not authorized to perform: appsync:CreateApi on resource: *";
    let served = faulty(error("CreateApi", "AccessDeniedException", 403, message)).await;
    let Ran { code, err, .. } = apply(&world(), &served).await;
    assert_eq!(code, 1, "nothing was changed: {err}");
    let card = card(&err, "apis/chat");
    assert_eq!(card[1], format!("CreateApi: AccessDeniedException: {message}"));
    assert_eq!(card[2], "likely cause: the credentials do not allow `appsync:CreateApi`");
    assert!(card[3].contains("and allow `appsync:CreateApi`"), "{err}");
    let remains = err.split_once("Remaining steps:\n").unwrap().1;
    let remains: Vec<&str> = remains.lines().take(4).collect();
    assert_eq!(remains[0], "  ✗ apis/chat not created: it failed");
    assert!(
        remains[1..]
            .iter()
            .all(|remain| remain.ends_with("not created: apis/chat did not succeed"))
    );
    assert_eq!(err.matches("and allow `appsync:CreateApi`").count(), 2, "card and help: {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_is_reported_and_retried() {
    let rules = json!([{ "on": "CreateApiKey", "fault": "throttle", "times": 2 }]);
    let served = faulty(json!({ "rules": rules })).await;
    let arguments = ["apply", "spec.yaml", "--yes", "--format", "json"];
    let Ran { code, out, err } = run(&world(), &served, &arguments).await;
    assert_eq!(code, 0, "{err}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let retries: Vec<&Value> = events.iter().filter(|value| value["event"] == "retrying").collect();
    assert_eq!(retries.len(), 2);
    for (retry, attempt) in retries.iter().zip([2, 3]) {
        assert_eq!((&retry["reason"], &retry["attempt"]), (&json!("throttled"), &json!(attempt)));
        assert!(retry["waitMs"].as_u64().unwrap() >= 100, "{retry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_has_code_message_class_cause_and_hints() {
    let fault = error("CreateApiKey", "ApiKeyValidityOutOfBoundsException", 400, "too far");
    let served = faulty(fault).await;
    let arguments = ["apply", "spec.yaml", "--yes", "--format", "json"];
    let Ran { code, out, .. } = run(&world(), &served, &arguments).await;
    assert_eq!(code, 3);
    let mut events = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut error = events.find(|value| value["event"] == "failed").unwrap()["error"].take();
    assert!(error["requestId"].is_string());
    error.as_object_mut().unwrap().remove("requestId");
    let expected = json!({
        "operation": "CreateApiKey",
        "code": "ApiKeyValidityOutOfBoundsException",
        "message": "too far",
        "class": "invalid",
        "cause": "the lifetime of an API key is 1 to 365 days from the time it is created or updated",
        "hints": ["change `validFor` or `expires` of the key"],
    });
    assert_eq!(error, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_handler_code_is_shown_at_its_position() {
    let errors = json!([
        { "errorType": "LINT_ERROR", "value": "no arrows today", "location": { "line": 2, "column": 21, "span": 8 } },
        { "errorType": "PARSER_ERROR", "value": "somewhere", "location": { "line": 0, "column": 0, "span": -1 } },
    ]);
    let body = json!({ "message": "The code contains one or more errors.", "reason": "CODE_ERROR", "detail": { "codeErrors": errors } });
    let body = Arc::new(body.to_string());
    let served = serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let body = Arc::clone(&body);
            async move {
                let (parts, sent) = request.into_parts();
                let sent = axum::body::to_bytes(sent, 1 << 20).await.unwrap();
                if String::from_utf8_lossy(&sent).contains("codeHandlers") {
                    let response = Response::builder().status(400);
                    let response = response.header("x-amzn-errortype", "BadRequestException");
                    let response = response.header("x-amzn-requestid", "1234");
                    return response.body(Body::from(body.as_str().to_owned())).unwrap();
                }
                next.run(Request::from_parts(parts, Body::from(sent))).await
            }
        }))
    })
    .await;
    let world = world();
    let Ran { code, err, .. } = apply(&world, &served).await;
    assert_eq!(code, 3, "{err}");
    let expected = "  \
  ✗ apis/chat/namespaces/orders: could not be created
    CreateChannelNamespace: BadRequestException: The code contains one or more errors.
    request 1234
    error[LINT_ERROR]: no arrows today
     --> handlers/orders.js:2:21
      |
    2 |   return ctx.évènts.map(it => it)
      |                     ^^^^^^^^
    error[PARSER_ERROR]: somewhere
    --> handlers/orders.js
    likely cause: AppSync rejects the handler's code
    help: fix the code at these positions
";
    assert!(err.contains(expected), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partially_failed_step_counts_as_a_change() {
    let spec = "version: 1\nstack: s\nlogRoles: { logs: {} }\n";
    let world = World::new();
    world.write("spec.yaml", spec);
    let check = async |on: &str, expected: i32| {
        let served = faulty(error(on, "MalformedPolicyDocument", 400, "no")).await;
        let Ran { code, err, .. } = apply(&world, &served).await;
        assert_eq!(code, expected, "{on}: {err}");
        assert!(card(&err, "logRoles/logs")[2].contains("the policy is malformed"), "{err}");
    };
    check("CreateRole", 1).await;
    check("PutRolePolicy", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_starts_no_step_after_its_time_limit() {
    let world = world();
    // The time limit must suffice to start, and is reached while the first call waits.
    let mut served = None;
    for timeout in growing(Duration::from_millis(250)) {
        let gate = CallGate::serve().await;
        let timeout = written(timeout);
        let arguments = ["apply", "spec.yaml", "--yes", "--timeout", &timeout];
        let mut command = command(&world, &gate.served, &arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (child, mut err) =
            read_until(child, "time limit reached; finishing changes in progress").await;
        gate.release();
        let done = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let done = unless_it_hangs(done).await.unwrap();
        err.push_str(&String::from_utf8_lossy(&done.stderr));
        if err.contains("apis/chat created") {
            assert_eq!(done.status.code(), Some(3), "{err}");
            assert!(err.contains("time limit reached; finishing changes in progress"), "{err}");
            let left = "  - apis/chat/apiKeys/web not created: the time limit was reached\n";
            assert!(err.contains(left), "{err}");
            assert!(err.contains("error: time limit reached; 3 steps were not tried"), "{err}");
            served = Some(gate);
            break;
        }
    }
    let CallGate { served, .. } = served.unwrap();
    let enough = ["apply", "spec.yaml", "--yes", "--timeout", "10m"];
    assert_eq!(run(&world, &served, &enough).await.code, 0);
    for wrong in ["0s", "soon", "-1m"] {
        assert_eq!(world.run(&["apply", "spec.yaml", &format!("--timeout={wrong}")]).code, 64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verbosity_prints_a_key_or_a_signature() {
    let key = "da2-abcdefghijklmnopqrstuvwxyz";
    let message = format!("no key {key} today");
    let named = |code: &str, status: u16| json!({ "error": { "code": code, "status": status, "message": message } });
    let rules = json!([
        { "on": "CreateApiKey", "fault": named("LimitExceededException", 429), "times": 1 },
        { "on": "CreateApiKey", "fault": named("BadRequestException", 400) },
        { "on": ["CreateChannelNamespace"], "fault": named("ConflictException", 409) },
    ]);
    // Longer than what may follow a `da2-` that is part of a request id.
    let secret = regex_lite::Regex::new("da2-[a-z0-9]{13}|Signature=|AWS4-HMAC").unwrap();
    for format in ["human", "json"] {
        let served = faulty(json!({ "rules": rules })).await;
        let arguments = ["apply", "spec.yaml", "--yes", "-vv", "--format", format];
        let Ran { code, out, err } = run(&world(), &served, &arguments).await;
        assert_eq!(code, 3, "{err}");
        assert!(out.contains("da2-…") || err.contains("no key da2-… today"), "{err}");
        for text in [&out, &err] {
            let start = secret.find(text).map(|secret| secret.start());
            let near = start.map(|number| {
                text[number.saturating_sub(300)..].lines().take(3).collect::<String>()
            });
            assert_eq!(near, None, "{format}");
        }
        assert!(err.contains("aws_smithy_runtime"), "the SDK's own logs are on: {err}");
    }
}
