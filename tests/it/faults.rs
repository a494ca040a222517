//! Fault injection, as a client without an SDK sees it.
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use appsync_local::{Faults, Store};
use aws_sdk_appsync::config::retry::RetryConfig;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::faulty::{Clock, Faulty, NOW_S, SIGNED, TRUST, api, names};
use crate::guard::unless_it_hangs;
use crate::world::{World, root, serve_store};

fn rule(on: &str, fault: Value) -> Value {
    json!({ "rules": [{ "on": on, "fault": fault, "times": 1 }] })
}

/// Each fault, the response that a client gets, and whether the call took effect.
#[tokio::test]
async fn each_fault_has_its_response_and_takes_effect_or_not() {
    let error =
        json!({ "error": { "code": "UnauthorizedException", "status": 401, "message": "no" } });
    let cases = [
        (json!("throttle"), Some((429, "LimitExceededException")), 0),
        (error, Some((401, "UnauthorizedException")), 0),
        (json!("fail-before"), Some((500, "InternalFailureException")), 0),
        (json!("fail-after"), Some((500, "InternalFailureException")), 1),
        (json!("drop-before"), None, 0),
        (json!("drop-after"), None, 1),
        (json!({ "delay-ms": 1 }), Some((200, "")), 1),
    ];
    for (fault, outcome, done) in cases {
        let faulty = Faulty::start(rule("CreateApi", fault.clone())).await;
        let answer = faulty.maybe("POST", "/v2/apis", &api("a", None).to_string()).await;
        assert_eq!(
            answer.as_ref().map(|answer| (answer.status, answer.code())),
            outcome,
            "{fault}"
        );
        let log = faulty.log();
        assert_eq!(log.len(), 1);
        assert_eq!((log[0].0, log[0].1), ("CreateApi", outcome.map(|pair| pair.0)), "{fault}");
        assert!(fault.to_string().contains(log[0].2.unwrap()), "{fault} {log:?}");
        assert_eq!(faulty.create_api("b").await.status, 200, "{fault}");
        assert_eq!(names(&faulty.get("/v2/apis").await, "apis", "name").len(), done + 1, "{fault}");
    }
}

#[tokio::test]
async fn iam_and_sts_report_faults_in_their_own_formats() {
    let faulty = Faulty::start(json!({})).await;
    let check = async |fault: Value, service: &str, status: u16, code: &str| {
        faulty.set(rule("*", fault.clone()));
        let form = "Action=GetRole&RoleName=r";
        let answer = faulty.signed(service, SIGNED, "POST / HTTP/1.1", form).await.unwrap();
        assert_eq!((answer.status, answer.code()), (status, code), "{fault} {service}");
        assert!(answer.body.starts_with("<ErrorResponse"), "{}", answer.body);
    };
    check(json!("throttle"), "iam", 400, "Throttling").await;
    check(json!("fail-after"), "iam", 500, "ServiceFailure").await;
    check(json!("throttle"), "sts", 400, "Throttling").await;
    check(json!("fail-before"), "sts", 500, "InternalFailure").await;
    let error = json!({ "error": { "code": "EntityAlreadyExists", "status": 409 } });
    check(error, "iam", 409, "EntityAlreadyExists").await;
}

#[tokio::test]
async fn a_hanging_call_gets_no_response_until_the_emulator_stops() {
    let clock = Clock::default();
    let store = Store::in_memory(SharedTimeSource::new(clock.clone()));
    store.set_faults(Faults::parse(r#"{"rules": [{"on": "ListApis", "fault": "hang"}]}"#).unwrap());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, stop_request) = tokio::sync::oneshot::channel::<()>();
    let plane =
        appsync_local::DataPlane::new(Arc::clone(&store), appsync_local::Settings::default());
    let service =
        appsync_local::serve(vec![listener], plane, None, async { drop(stop_request.await) });
    let service = tokio::spawn(service);
    let faulty = Arc::new(Faulty { store, clock, address });
    let hung = tokio::spawn({
        let faulty = Arc::clone(&faulty);
        async move { faulty.maybe("GET", "/v2/apis", "").await }
    });
    faulty.until_called("ListApis").await;
    // A later call is answered first.
    assert_eq!(faulty.get("/v2/apis/none").await.status, 404);
    assert!(!hung.is_finished());
    assert_eq!(faulty.log()[0], ("ListApis", None, Some("hang")));
    end.send(()).unwrap();
    assert!(unless_it_hangs(hung).await.unwrap().is_none());
    service.await.unwrap().unwrap();
}

#[tokio::test]
async fn every_response_is_delayed_by_the_latency() {
    let faulty = Faulty::start(json!({ "latency-ms": 30 })).await;
    assert_eq!(faulty.get("/v2/apis").await.status, 200);
    let call = faulty.store.calls().remove(0);
    assert!(call.ended_ms.unwrap() - call.started_ms >= 29, "{call:?}");
}

/// Longer than any test: a call with this delay stays in progress until the test ends.
const ENDLESS_MS: u64 = 3_600_000;

/// Starts a change that stays in progress, with these faults.
async fn begin(faulty: &Arc<Faulty>, faults: Value, operation: &str, path: String, body: Value) {
    let mut faults = faults;
    let delay = json!({ "on": operation, "fault": { "delay-ms": ENDLESS_MS }, "times": 1 });
    faults["rules"] = json!([delay]);
    faulty.set(faults);
    faulty.store.clear_calls();
    let caller = Arc::clone(faulty);
    tokio::spawn(async move { caller.appsync("POST", &path, &body).await });
    faulty.until_called(operation).await;
}

#[tokio::test]
async fn the_later_of_two_concurrent_changes_of_an_api_is_rejected() {
    let faulty = Arc::new(Faulty::start(json!({})).await);
    let (one, other) = (faulty.api().await, faulty.api().await);
    let namespaces = |id: &str| format!("/v2/apis/{id}/channelNamespaces");
    let first = json!({ "name": "first" });
    let conflict = json!({ "overlap": "conflict" });
    begin(&faulty, conflict, "CreateChannelNamespace", namespaces(&one), first).await;
    assert_eq!(faulty.get(&format!("/v2/apis/{one}")).await.status, 200);
    let arn = format!("arn%3Aaws%3Aappsync%3Aus-east-1%3A123456789012%3Aapis%2F{one}");
    let tags = json!({ "tags": { "a": "b" } });
    assert_eq!(faulty.appsync("POST", &format!("/v1/tags/{arn}"), &tags).await.status, 409);
    // A rejected change does not end the one in progress.
    for _ in 0..2 {
        let key = faulty.appsync("POST", &format!("/v1/apis/{one}/apikeys"), &json!({})).await;
        assert_eq!((key.status, key.code()), (409, "ConcurrentModificationException"));
    }
    let elsewhere = json!({ "name": "elsewhere" });
    assert_eq!(faulty.appsync("POST", &namespaces(&other), &elsewhere).await.status, 200);
}

#[tokio::test]
async fn concurrent_changes_are_allowed_unless_the_faults_make_them_conflict() {
    let faulty = Arc::new(Faulty::start(json!({})).await);
    let path = format!("/v2/apis/{}/channelNamespaces", faulty.api().await);
    let allowed = json!({ "overlap": "allowed" });
    begin(&faulty, allowed, "CreateChannelNamespace", path.clone(), json!({ "name": "a" })).await;
    assert_eq!(faulty.appsync("POST", &path, &json!({ "name": "b" })).await.status, 200);
    for (faults, status) in [
        (json!({ "overlap": "conflict" }), 200),
        (json!({ "overlap": "conflict", "overlap-create-api": true }), 409),
    ] {
        begin(&faulty, faults, "CreateApi", "/v2/apis".to_owned(), api("c", None)).await;
        assert_eq!(faulty.create_api("d").await.status, status);
    }
}

#[tokio::test]
async fn roles_can_be_assumed_and_read_only_after_their_delays() {
    let faulty = Faulty::start(json!({ "roles-settle-s": 10, "iam-reads-lag-s": 5 })).await;
    faulty.create_role("Logs").await;
    let arn = "arn:aws:iam::123456789012:role/path/logs";
    let create = async || faulty.appsync("POST", "/v2/apis", &api("a", Some(arn))).await;
    let shows = async || {
        let read = faulty.iam("Action=GetRole&RoleName=Logs").await.status;
        let listed = faulty.iam("Action=ListRoles").await.body.contains("<RoleName>Logs<");
        (read, listed)
    };
    let rejection = create().await;
    assert_eq!((rejection.status, rejection.code()), (400, "BadRequestException"));
    assert_eq!(rejection.json()["message"], format!("Unable to assume role {arn}."));
    assert_eq!(shows().await, (404, false));
    faulty.pass(5);
    assert_eq!(shows().await, (200, true));
    assert_eq!(create().await.status, 400);
    faulty.pass(5);
    let id = create().await.json()["api"]["apiId"].as_str().unwrap().to_owned();
    let form = "Action=UpdateAssumeRolePolicy&RoleName=logs&PolicyDocument=";
    assert_eq!(faulty.iam(&format!("{form}{TRUST}")).await.status, 200);
    let update = async || {
        faulty.appsync("POST", &format!("/v2/apis/{id}"), &api("b", Some(arn))).await.status
    };
    assert_eq!((update().await, shows().await), (400, (200, true)));
    faulty.pass(10);
    assert_eq!(update().await, 200);
}

#[tokio::test]
async fn lists_can_lag_by_seconds() {
    let faulty = Faulty::start(json!({ "lists-lag-s": 10 })).await;
    let id = faulty.api().await;
    let list = async || names(&faulty.get("/v2/apis").await, "apis", "name");
    let path = format!("/v2/apis/{id}");
    assert_eq!(faulty.get(&path).await.status, 200);
    assert_eq!(list().await, [""; 0]);
    let keys = format!("/v1/apis/{id}/apikeys");
    assert_eq!(faulty.appsync("POST", &keys, &json!({})).await.status, 200);
    // The list of a parent that lists do not show yet exists, and is empty.
    let keys = faulty.get(&keys).await;
    assert_eq!((keys.status, keys.json()), (200, json!({ "apiKeys": [] })));
    faulty.pass(10);
    assert_eq!(list().await, ["a"]);
    faulty.appsync("POST", &path, &api("b", None)).await;
    assert_eq!(list().await, ["a"]);
    faulty.pass(10);
    assert_eq!(list().await, ["b"]);
    faulty.appsync("DELETE", &path, &Value::Null).await;
    assert_eq!(list().await, ["b"]);
    assert_eq!(faulty.get(&path).await.status, 404);
    faulty.pass(10);
    assert_eq!(list().await, [""; 0]);
}

#[tokio::test]
async fn lists_can_lag_by_calls() {
    let faulty = Faulty::start(json!({})).await;
    let id = faulty.api().await;
    faulty.set(json!({ "lists-lag-calls": 2 }));
    let path = format!("/v2/apis/{id}/channelNamespaces");
    let create = async |name: &str| {
        assert_eq!(faulty.appsync("POST", &path, &json!({ "name": name })).await.status, 200);
    };
    let list = async |query: &str| {
        let answer = faulty.get(&format!("{path}{query}")).await;
        names(&answer, "channelNamespaces", "name").join(" ")
    };
    create("a").await;
    assert_eq!(list("").await, "");
    create("b").await;
    assert_eq!(list("").await, "");
    // Each list counts its own calls.
    assert_eq!(names(&faulty.get("/v2/apis").await, "apis", "name"), ["a"]);
    assert_eq!(list("").await, "a");
    assert_eq!(list("?maxResults=1").await, "a");
    // A further page shows the same state.
    assert_eq!(list("?nextToken=61").await, "b");
    faulty.appsync("DELETE", &format!("{path}/a"), &Value::Null).await;
    assert_eq!(list("").await, "a b");
    assert_eq!(list("").await, "a b");
    assert_eq!(list("").await, "b");
}

#[tokio::test]
async fn quotas_can_be_lowered() {
    let quotas = json!({ "apis": 1, "namespaces": 1, "api-keys": 1, "roles": 1 });
    let faulty = Faulty::start(json!({ "quotas": quotas })).await;
    let id = faulty.api().await;
    let second = faulty.create_api("b").await;
    assert_eq!((second.status, second.code()), (402, "ServiceQuotaExceededException"));
    let (namespaces, keys) =
        (format!("/v2/apis/{id}/channelNamespaces"), format!("/v1/apis/{id}/apikeys"));
    for (path, body, code) in [
        (&namespaces, json!({ "name": "n" }), "ServiceQuotaExceededException"),
        (&keys, json!({}), "ApiKeyLimitExceededException"),
    ] {
        assert_eq!(faulty.appsync("POST", path, &body).await.status, 200);
        let body = if body["name"].is_null() { body } else { json!({ "name": "m" }) };
        assert_eq!(faulty.appsync("POST", path, &body).await.code(), code);
    }
    faulty.create_role("r").await;
    let form = format!("Action=CreateRole&RoleName=s&AssumeRolePolicyDocument={TRUST}");
    assert_eq!(faulty.iam(&form).await.code(), "LimitExceeded");
}

#[tokio::test]
async fn a_skewed_clock_rejects_signatures_and_reports_its_time() {
    let faulty = Faulty::start(json!({ "clock-skew-s": 600 })).await;
    let list = async |service: &str, signed: &str| {
        let head = if service == "iam" { "POST / HTTP/1.1" } else { "GET /v2/apis HTTP/1.1" };
        faulty.signed(service, signed, head, "Action=ListRoles").await.unwrap()
    };
    let early = list("appsync", SIGNED).await;
    assert_eq!((early.status, early.code()), (403, "InvalidSignatureException"));
    let text = "Signature expired: 20270115T080000Z is now earlier than 20270115T080500Z (20270115T081000Z - 5 min.)";
    assert_eq!(early.json()["message"], text);
    assert!(early.head.contains("date: Fri, 15 Jan 2027 08:10:00 GMT"), "{}", early.head);
    assert_eq!(list("iam", SIGNED).await.code(), "SignatureDoesNotMatch");
    assert_eq!(list("appsync", "20270115T081000Z").await.status, 200);
    assert_eq!(faulty.log()[0], ("ListApis", Some(403), Some("check-signature-time")));
    faulty.set(json!({ "clock-skew-s": 600, "check-signature-time": false }));
    let created = faulty.create_api("a").await.json()["api"]["created"].as_f64();
    assert_eq!(created, Some((NOW_S + 600) as f64));
    faulty.set(json!({ "check-signature-time": true }));
    assert_eq!(list("appsync", SIGNED).await.status, 200);
    assert_eq!(list("appsync", "20270115T070000Z").await.status, 403);
}

#[tokio::test]
async fn faults_are_read_set_and_cleared_at_run_time() {
    let faulty = Faulty::start(json!({})).await;
    let set = r#"{"rules": [{"on": "ListApis", "fault": "throttle"}]}"#;
    assert_eq!(faulty.control("PUT /_provision/faults", set).await.status, 200);
    assert_eq!(faulty.get("/v2/apis").await.status, 429);
    let read = faulty.control("GET /_provision/faults", "").await.json();
    assert_eq!(read["rules"][0]["on"], json!(["ListApis"]));
    let again = faulty.control("PUT /_provision/faults", &read.to_string()).await;
    assert_eq!(again.json(), read);
    let wrong = faulty.control("PUT /_provision/faults", r#"{"rule": []}"#).await;
    assert_eq!(wrong.status, 400);
    let message = wrong.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`rule`") && message.contains("`rules`"), "{message}");
    // Invalid faults change nothing.
    assert_eq!(faulty.get("/v2/apis").await.status, 429);
    assert_eq!(faulty.control("DELETE /_provision/faults", "").await.status, 200);
    assert_eq!(faulty.get("/v2/apis").await.status, 200);
    assert_eq!(faulty.control("GET /_provision/x", "").await.status, 404);
    assert_eq!(faulty.control("PATCH /_provision/faults", "").await.status, 404);
}

#[tokio::test]
async fn the_log_of_calls_contains_no_secret() {
    let faulty = Faulty::start(json!({})).await;
    let id = faulty.api().await;
    let key = faulty.appsync("POST", &format!("/v1/apis/{id}/apikeys"), &json!({})).await.json();
    let key = key["apiKey"]["id"].as_str().unwrap().to_owned();
    faulty.appsync("DELETE", &format!("/v1/apis/{id}/apikeys/{key}"), &Value::Null).await;
    faulty.iam(&format!("Action={key}")).await;
    faulty.get(&format!("/{key}")).await;
    let answer = faulty.control("GET /_provision/calls", "").await;
    assert!(!answer.body.contains(&key) && !answer.body.contains(&id), "{}", answer.body);
    let log = answer.json();
    let operations: Vec<_> =
        log.as_array().unwrap().iter().map(|log| log["operation"].clone()).collect();
    assert_eq!(operations, ["CreateApi", "CreateApiKey", "DeleteApiKey", "Unknown", "Unknown"]);
    assert_eq!(
        (&log[2]["n"], &log[2]["service"], &log[2]["status"]),
        (&json!(3), &json!("appsync"), &json!(200))
    );
    assert!(log[2]["ended_ms"].as_u64() >= log[2]["started_ms"].as_u64());
    assert_eq!(faulty.control("DELETE /_provision/calls", "").await.status, 200);
    assert_eq!(faulty.store.calls(), []);
}

#[tokio::test]
async fn an_expired_key_is_deleted_after_60_days() {
    let faulty = Faulty::start(json!({})).await;
    let path = format!("/v1/apis/{}/apikeys", faulty.api().await);
    assert_eq!(faulty.appsync("POST", &path, &json!({})).await.status, 200);
    let days = |days: u64| json!({ "advance-s": days * 86_400 }).to_string();
    let count = async || names(&faulty.get(&path).await, "apiKeys", "id").len();
    let moved = faulty.control("PUT /_provision/clock", &days(66)).await.json();
    assert_eq!(moved["epoch-s"], json!((NOW_S + 66 * 86_400) as f64));
    assert_eq!(count().await, 1);
    faulty.control("PUT /_provision/clock", &days(1)).await;
    assert_eq!(count().await, 0);
    let back = json!({ "epoch-s": NOW_S }).to_string();
    assert_eq!(
        faulty.control("PUT /_provision/clock", &back).await.json()["epoch-s"],
        json!(NOW_S as f64)
    );
    assert_eq!(faulty.control("PUT /_provision/clock", r#"{"advance": 1}"#).await.status, 400);
    assert_eq!(
        faulty.control("PUT /_provision/clock", r#"{"advance-s": 1e300}"#).await.status,
        400
    );
}

#[tokio::test]
async fn a_request_of_a_foreign_web_page_is_denied() {
    let faulty = Faulty::start(json!({})).await;
    let mut stream = TcpStream::connect(faulty.address).await.unwrap();
    let request =
        "GET /_provision/calls HTTP/1.1\r\nhost: evil.example.com\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 403"), "{text}");
}

/// The engine's SDK, with a short backoff.
#[tokio::test]
async fn an_sdk_corrects_its_clock_and_retries_a_lost_read() {
    let clock = SharedTimeSource::new(SystemTimeSource::new());
    let store = Store::in_memory(clock);
    let served = serve_store(Arc::clone(&store), |router| router).await;
    let retry_config = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let retry_config =
        || aws_sdk_appsync::config::Config::builder().retry_config(retry_config.clone());
    for (faults, statuses) in [
        (json!({ "clock-skew-s": 600 }), [Some(403), Some(200)]),
        (json!({ "clock-skew-s": -600 }), [Some(403), Some(200)]),
        (rule("ListApis", json!("drop-after")), [None, Some(200)]),
        (rule("ListApis", json!("throttle")), [Some(429), Some(200)]),
    ] {
        store.set_faults(serde_json::from_value(faults.clone()).unwrap());
        store.clear_calls();
        let list = served.aws.appsync.list_apis().customize().config_override(retry_config());
        list.send().await.unwrap();
        let outcome: Vec<_> = store.calls().iter().map(|logged_call| logged_call.status).collect();
        assert_eq!(outcome, statuses, "{faults}");
    }
}

#[test]
fn an_invalid_faults_file_is_reported_with_its_position() {
    let world = World::new();
    world.write("faults.json", "{\n  \"latency\": 5\n}\n");
    let ran = world.run(&["local", "--port", "0", "--faults", "faults.json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("faults.json:2:11: unknown field `latency`"), "{}", ran.err);
    assert!(ran.err.contains("docs/faults.md"), "{}", ran.err);
    let ran = world.run(&["local", "--port", "0", "--faults", "none.json"]);
    assert!(ran.err.contains("cannot read the faults in `none.json`"), "{}", ran.err);
    assert!(!world.path(".provision").exists());
}

#[test]
fn the_examples_in_the_documentation_are_valid_and_complete() {
    let page = fs::read_to_string(root("docs/faults.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```json\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    for block in &blocks {
        Faults::parse(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
    let all = serde_json::to_value(Faults::default()).unwrap();
    for member in all.as_object().unwrap().keys().chain(all["quotas"].as_object().unwrap().keys()) {
        assert!(
            blocks.iter().any(|block| block.contains(&format!("\"{member}\""))),
            "no example of {member}"
        );
    }
    let file = fs::read_to_string(root("docs/faults.json")).unwrap();
    Faults::parse(&file).unwrap();
}
