//! The engine against the local emulator over HTTP, within one process.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn};
use provision_aws::apply::{ApplyOutcome, StopReason, StopSignal};
use provision_aws::proposal::{
    ApplyOptions, ApplyReport, ApplyResult, FinalState, Proposal, apply_proposal, propose,
    read_back,
};
use provision_core::event::{Event, RetryReason};
use provision_core::failure::ErrorClass;
use provision_core::kind::{DesiredState, LiveState};
use provision_core::ownership::Owner;
use provision_core::spec::Spec;
use serde_json::{Value, json};

use crate::specs::{folder, spec_of};
use crate::world::{Served, serve};

/// The current time: the emulator runs on the machine's clock.
pub fn now() -> i64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64
}

#[derive(Debug)]
pub struct Applied {
    pub proposal: Proposal,
    pub events: Vec<Event>,
    pub live: LiveState,
    pub left: usize,
}

/// Applies `desired`, checks the events, and reads the live state again.
pub async fn apply(served: &Served, stack: &str, desired: &DesiredState) -> Applied {
    let proposal = propose(&served.aws, stack, desired, now()).await.unwrap();
    let events = Mutex::new(Vec::new());
    let emit = |event: Event| events.lock().unwrap().push(event);
    let ApplyReport { final_state, .. } =
        apply_alone(served, stack, desired, &proposal, &emit).await;
    let FinalState { live, remaining: left } = final_state.unwrap();
    let events = events.into_inner().unwrap();
    check_grammar(&events);
    Applied { proposal, events, live, left: left.len() }
}

/// Applies a proposal while no other run changes the stack.
pub async fn apply_alone(
    served: &Served,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
    emit: &(dyn Fn(Event) + Sync),
) -> ApplyReport {
    let stop = StopSignal::default();
    let options = ApplyOptions { max_concurrent_steps: 8, was_confirmed: false, stop: &stop, emit };
    match apply_proposal(&served.aws, stack, desired, proposal, options).await.unwrap() {
        ApplyResult::Completed(done) => *done,
        ApplyResult::Stale => panic!("no other run changes the stack"),
    }
}

/// Checks that `Planned` is first except for `Queued`, that `Finished` is last, that each started step ends once, and
/// that steps wait only before they start.
pub fn check_grammar(events: &[Event]) {
    let queued = events.iter().take_while(|event| **event == Event::Queued).count();
    let events = &events[queued..];
    assert!(matches!(events.first(), Some(Event::Planned { .. })), "{events:?}");
    assert!(matches!(events.last(), Some(Event::Finished { .. })), "{events:?}");
    let (mut open, mut waited) = (Vec::new(), BTreeSet::new());
    let (mut ended, mut skips) = (0, 0);
    for event in events {
        match event {
            Event::Waiting { address, action, behind } => {
                assert!(address.is_within(behind), "{event:?}");
                assert!(waited.insert((address.clone(), *action)), "once: {event:?}");
                assert!(!open.contains(&(address.clone(), *action)), "before: {event:?}");
            }
            Event::Started { address, action } => {
                open.push((address.clone(), *action));
                waited.insert((address.clone(), *action));
            }
            Event::Retrying { address, action, attempt, .. } => {
                assert!(open.contains(&(address.clone(), *action)) && *attempt > 1, "{event:?}");
            }
            Event::Succeeded { address, action } | Event::Failed { address, action, .. } => {
                let position = open.iter().position(|open| *open == (address.clone(), *action));
                open.remove(position.expect("a step that ended was started"));
                ended += 1;
            }
            Event::Skipped { .. } => skips += 1,
            _ => {}
        }
    }
    assert_eq!(open, []);
    let Some(Event::Planned { steps }) = events.first() else { unreachable!() };
    assert_eq!(*steps, ended + skips);
}

/// The properties of the live state, without random ids, without values that stay as they were created if the spec
/// omits them, and with sorted lists.
pub fn shape(live: &LiveState) -> BTreeMap<String, Value> {
    let one = |text: &str| {
        live.managed.iter().fold(text.to_owned(), |text, (address, resource)| {
            ["ApiId", "Arn"]
                .iter()
                .filter_map(|name| resource.attributes.get(name))
                .fold(text, |text, id| text.replace(id, &format!("<{address}>")))
        })
    };
    let shape = |value: &Value| {
        let mut value: Value = serde_json::from_str(&one(&value.to_string())).unwrap();
        sort(&mut value);
        for name in ["RoleName", "Expires"] {
            value.as_object_mut().unwrap().shift_remove(name);
        }
        value
    };
    live.managed
        .iter()
        .map(|(address, resource)| (address.to_string(), shape(&json!(resource.properties))))
        .collect()
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_key(Value::to_string);
        }
        Value::Object(map) => map.values_mut().for_each(sort),
        _ => {}
    }
}

pub fn failures(done: &Applied) -> Vec<&Event> {
    done.events.iter().filter(|event| matches!(event, Event::Failed { .. })).collect()
}

/// The names of the domains that a document uses and does not manage.
pub fn used_domains(document: &Value) -> Vec<String> {
    let domains = document["domains"].as_object().into_iter().flat_map(|items| items.values());
    let others = domains.filter(|domain| domain.get("certificate").is_none());
    others.map(|value| value["name"].as_str().unwrap().to_owned()).collect()
}

pub async fn create_domain(served: &Served, name: &str) {
    let call = served.aws.appsync.create_domain_name().domain_name(name);
    let call = call.certificate_arn("arn:aws:acm:us-east-1:123456789012:certificate/others");
    call.send().await.unwrap();
}

pub fn article() -> Spec {
    let text = include_str!("../../templates/article/spec.yaml");
    let (source, problems) = provision_core::source::Source::parse("spec.yaml", text.as_bytes());
    assert_eq!(problems, []);
    provision_core::spec::load(
        &source,
        &folder(),
        now(),
        &provision_core::spec::ParameterValues::new(),
    )
    .0
    .unwrap()
}

#[tokio::test]
async fn a_lost_response_to_a_create_creates_no_duplicate() {
    for lost in
        ["POST /v2/apis", "POST /channelNamespaces", "POST /apikeys", "CreateRole", "PutRolePolicy"]
    {
        let served = serve_losing(lost).await;
        let spec = article();
        let done = apply(&served, &spec.stack, &spec.desired).await;
        assert_eq!(done.left, 0, "{lost}: {:?}", done.events);
        assert_eq!(done.live.managed.len(), 4);
        assert_eq!(done.live.unmanaged, []);
        assert_eq!(served.aws.appsync.list_apis().send().await.unwrap().apis().len(), 1);
    }
}

/// Serves an emulator that executes the first call with this name, and loses the response.
pub async fn serve_losing(lost: &'static str) -> Served {
    let once = Arc::new(AtomicBool::new(true));
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let once = once.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let action = format!("Action={lost}&");
                let call = format!("{} {}", parts.method, parts.uri.path());
                let is_meant = lost
                    .split_once(' ')
                    .is_some_and(|(method, end)| call.starts_with(method) && call.ends_with(end))
                    || String::from_utf8_lossy(&body).contains(&action)
                    || parts
                        .headers
                        .get("x-amz-target")
                        .is_some_and(|value| value.to_str().unwrap().ends_with(lost));
                let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
                match is_meant && answer.status() == 200 && once.swap(false, Ordering::SeqCst) {
                    true => Response::builder()
                        .status(StatusCode::BAD_GATEWAY)
                        .body(Body::from("lost"))
                        .unwrap(),
                    false => answer,
                }
            }
        }))
    })
    .await
}

#[tokio::test]
async fn calls_to_a_busy_api_are_retried_and_reported() {
    let left = Arc::new(AtomicUsize::new(3));
    let served = serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let left = left.clone();
            async move {
                let busy = request.uri().path().ends_with("/channelNamespaces")
                    && request.method() == "POST"
                    && left.load(Ordering::SeqCst) > 0;
                if busy {
                    left.fetch_sub(1, Ordering::SeqCst);
                    return Response::builder()
                        .status(409)
                        .header("x-amzn-errortype", "ConcurrentModificationException")
                        .body(Body::from(r#"{"message":"another change is under way"}"#))
                        .unwrap();
                }
                next.run(request).await
            }
        }))
    })
    .await;
    let spec = article();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    assert_eq!(done.left, 0);
    let busy = |event: &&Event| {
        matches!(event, Event::Retrying { reason: RetryReason::Busy, wait_ms: 100.., .. })
    };
    assert_eq!(done.events.iter().filter(busy).count(), 3);
}

/// An API with more namespaces than its concurrency limiter allows at first.
fn crowd() -> Spec {
    let namespaces: serde_json::Map<String, Value> =
        (0..24).map(|n| (format!("n{n}"), json!({}))).collect();
    let api = json!({ "auth": { "providers": ["AWS_IAM"] }, "namespaces": namespaces });
    let document = json!({ "version": 1, "stack": "crowd", "apis": { "a": api } });
    spec_of(&document, &folder(), now())
}

#[tokio::test]
async fn waiting_for_the_limiter_is_reported_once() {
    let served = serve(|router| router).await;
    let spec = crowd();
    let proposal = propose(&served.aws, "crowd", &spec.desired, now()).await.unwrap();
    let (events, stop) = (Mutex::new(Vec::new()), StopSignal::default());
    let emit = |event: Event| events.lock().unwrap().push(event);
    let options =
        ApplyOptions { max_concurrent_steps: 64, was_confirmed: false, stop: &stop, emit: &emit };
    apply_proposal(&served.aws, "crowd", &spec.desired, &proposal, options).await.unwrap();
    let events = events.into_inner().unwrap();
    check_grammar(&events);
    let waits = events.iter().filter(|event| matches!(event, Event::Waiting { .. })).count();
    // Creating the API has raised the limit by one.
    assert_eq!(waits, 24 - 17);
}

#[tokio::test]
async fn steps_that_wait_for_the_limiter_do_not_start_in_a_stopped_run() {
    let served = serve(|router| router).await;
    let spec = crowd();
    let proposal = propose(&served.aws, "crowd", &spec.desired, now()).await.unwrap();
    let (events, stop) = (Mutex::new(Vec::new()), StopSignal::default());
    let emit = |event: Event| {
        if matches!(event, Event::Waiting { .. }) {
            stop.request(StopReason::Interrupted);
        }
        events.lock().unwrap().push(event);
    };
    let options =
        ApplyOptions { max_concurrent_steps: 64, was_confirmed: false, stop: &stop, emit: &emit };
    let result =
        apply_proposal(&served.aws, "crowd", &spec.desired, &proposal, options).await.unwrap();
    let ApplyResult::Completed(done) = result else { panic!("no other run changes the stack") };
    let ApplyReport { outcome, .. } = *done;
    check_grammar(&events.into_inner().unwrap());
    assert_eq!((outcome.succeeded.len(), outcome.failed.len()), (1 + 17, 0));
    assert_eq!((outcome.skipped.len(), outcome.stop_reason), (7, Some(StopReason::Interrupted)));
}

#[tokio::test]
async fn a_failed_step_skips_only_steps_that_depend_on_it() {
    let served = serve(|router| {
        router.layer(from_fn(|request: Request, next: Next| async move {
            if request.uri().path().ends_with("/apikeys") && request.method() == "POST" {
                return Response::builder()
                    .status(400)
                    .header("x-amzn-errortype", "BadRequestException")
                    .body(Body::from(
                        r#"{"message":"no key da2-abcdefghijklmnopqrstuvwxyz today"}"#,
                    ))
                    .unwrap();
            }
            next.run(request).await
        }))
    })
    .await;
    let spec = article();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    assert_eq!(done.live.managed.len(), 3);
    assert_eq!(done.left, 1);
    let events = format!("{:?}", done.events);
    assert!(events.contains("no key da2-… today"), "{events}");
    assert!(!events.contains("da2-abc"), "{events}");
}

#[tokio::test]
async fn unmanaged_resources_are_listed_and_never_modified() {
    let served = serve(|router| router).await;
    let spec = article();
    apply(&served, &spec.stack, &spec.desired).await;
    let apis = served.aws.appsync.list_apis().send().await.unwrap();
    let id = apis.apis()[0].api_id().unwrap();
    let appsync = &served.aws.appsync;
    appsync.create_channel_namespace().api_id(id).name("foreign").send().await.unwrap();
    appsync.create_api_key().api_id(id).send().await.unwrap();
    let again = apply(&served, &spec.stack, &spec.desired).await;
    assert_eq!(again.proposal.changes, []);
    let unmanaged: Vec<_> = again
        .live
        .unmanaged
        .iter()
        .map(|resource| (resource.noun, resource.name.as_deref(), &resource.owner))
        .collect();
    assert_eq!(
        unmanaged,
        [
            ("channel namespace", Some("foreign"), &Owner::Unknown),
            ("API key", None, &Owner::Unknown),
        ]
    );
}

#[tokio::test]
async fn two_stacks_in_one_account_do_not_affect_each_other() {
    let served = serve(|router| router).await;
    let spec = article();
    apply(&served, "one", &spec.desired).await;
    let two = apply(&served, "two", &spec.desired).await;
    assert_eq!(two.live.managed.len(), 4);
    apply(&served, "one", &DesiredState::new()).await;
    let (live, left) =
        read_back(&served.aws, "two", &spec.desired, &two.proposal.site).await.unwrap();
    assert_eq!((live.managed.len(), left.len()), (4, 0));
}

#[tokio::test]
async fn a_name_of_an_unmanaged_role_is_an_explained_failure() {
    let served = serve(|router| router).await;
    let document =
        json!({ "version": 1, "stack": "mine", "logRoles": { "logs": { "name": "taken" } } });
    let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"x"},"Action":"sts:AssumeRole"}]}"#;
    served
        .aws
        .iam
        .create_role()
        .role_name("taken")
        .assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    let spec = spec_of(&document, &folder(), now());
    let proposal = propose(&served.aws, "mine", &spec.desired, now()).await.unwrap();
    let done = apply_alone(&served, "mine", &spec.desired, &proposal, &|_| {}).await;
    let ApplyOutcome { failed, .. } = &done.outcome;
    let (_, _, error) = &failed[0];
    assert_eq!(error.class, ErrorClass::Exists);
    assert!(error.to_string().contains("does not have this stack's ownership tags"), "{error}");
}
