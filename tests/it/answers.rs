//! What hangs on something else, and code that AppSync refuses: the engine against a local AWS that answers
//! otherwise now and then.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::{Next, from_fn};
use provision_aws::backend::direct::propose;
use provision_core::event::Event;
use provision_core::failure::CodeError;
use provision_core::spec::Spec;
use serde_json::json;

use crate::engine::{apply, article, carried, failures, now, that_loses};
use crate::specs::{folder, spec_of};
use crate::world::{Served, serve};

/// An API with all that may hang on one, and a domain that leads there.
fn everything() -> Spec {
    let document = json!({
        "version": 1, "stack": "all",
        "apis": { "a": {
            "auth": { "providers": ["AWS_IAM"] },
            "waf": { "webAcl": "arn:aws:wafv2:${AWS::Region}:${AWS::AccountId}:regional/webacl/a/b" },
            "dataSources": { "s": { "http": { "endpoint": "https://a.example.com" } } },
        } },
        "domains": { "d": {
            "name": "d.example.com",
            "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/c",
            "association": { "api": "a" },
        } },
    });
    spec_of(&document, &folder(), now())
}

/// Serves an AWS that answers some calls otherwise: the first `times` for which `meant` holds.
async fn with_answers(
    times: usize,
    meant: fn(&Request) -> bool,
    answer: fn() -> Response<Body>,
) -> Served {
    let left = Arc::new(AtomicUsize::new(times));
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let left = left.clone();
            async move {
                if meant(&request) && left.load(Ordering::SeqCst) > 0 {
                    left.fetch_sub(1, Ordering::SeqCst);
                    return answer();
                }
                next.run(request).await
            }
        }))
    })
    .await
}

/// Serves an AWS that, once a domain was led to an API, says this of it for the first `times`.
async fn with_associations(times: usize, status: &'static str, detail: &'static str) -> Served {
    let left = Arc::new(AtomicUsize::new(times));
    let led = Arc::new(AtomicBool::new(false));
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let (left, led) = (left.clone(), led.clone());
            async move {
                if !request.uri().path().ends_with("/apiassociation") {
                    return next.run(request).await;
                }
                led.fetch_or(request.method() == "POST", Ordering::SeqCst);
                let asks = request.method() == "GET" && led.load(Ordering::SeqCst);
                if !asks || left.load(Ordering::SeqCst) == 0 {
                    return next.run(request).await;
                }
                left.fetch_sub(1, Ordering::SeqCst);
                let association = json!({ "domainName": "d.example.com", "apiId": "a",
                    "associationStatus": status, "deploymentDetail": detail });
                let body = json!({ "apiAssociation": association }).to_string();
                Response::builder().status(200).body(Body::from(body)).unwrap()
            }
        }))
    })
    .await
}

#[tokio::test]
async fn an_association_is_waited_for_until_it_stands() {
    let served = with_associations(3, "PROCESSING", "").await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    // Had nobody waited, the next look would have seen an API called `a`.
    assert_eq!(done.left, 0, "{:?}", done.events);
}

#[tokio::test]
async fn an_association_that_fails_says_why_and_is_tried_again_by_the_next_run() {
    let served = with_associations(2, "FAILED", "the certificate is gone").await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    let told = format!("{:?}", failures(&done));
    assert!(told.contains("the certificate is gone"), "{told}");
    assert_eq!(done.left, 1);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
}

#[tokio::test]
async fn a_web_acl_waits_for_an_api_that_is_too_young() {
    fn meant(request: &Request) -> bool {
        let target = request.headers().get("x-amz-target");
        target.is_some_and(|it| it.to_str().unwrap().ends_with(".AssociateWebACL"))
    }
    let served = with_answers(2, meant, || {
        let body = r#"{"__type":"WAFUnavailableEntityException","Message":"try again"}"#;
        Response::builder().status(400).body(Body::from(body)).unwrap()
    })
    .await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    assert_eq!(done.left, 0, "{:?}", done.events);
    let retries = done.events.iter().filter(|it| matches!(it, Event::Retrying { .. })).count();
    assert_eq!(retries, 2);
}

#[tokio::test]
async fn code_that_appsync_refuses_is_told_with_its_place() {
    fn meant(request: &Request) -> bool {
        request.method() == "POST" && request.uri().path().contains("/channelNamespaces")
    }
    let served = with_answers(1, meant, || {
        let error = json!({ "errorType": "LINT_ERROR", "value": "no loops",
            "location": { "line": 3, "column": 0, "span": -1 } });
        let body = json!({ "message": "bad code", "reason": "CODE_ERROR",
            "detail": { "codeErrors": [error] } });
        Response::builder()
            .status(400)
            .header("x-amzn-errortype", "BadRequestException")
            .body(Body::from(body.to_string()))
            .unwrap()
    })
    .await;
    let spec = article();
    let proposal = propose(&served.aws, &spec.stack, &spec.desired, now()).await.unwrap();
    let done = carried(&served, &spec.stack, &spec.desired, &proposal, &|_| {}).await;
    let (_, _, error) = &done.outcome.failed[0];
    let expected = CodeError {
        kind: "LINT_ERROR".into(),
        message: "no loops".into(),
        line: Some(3),
        column: None,
        span: None,
    };
    assert_eq!(error.code_errors, [expected]);
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice_and_leaves_nothing_unmarked() {
    for lost in
        ["POST /datasources", "POST /domainnames", "POST /apiassociation", "AssociateWebACL"]
    {
        let served = that_loses(lost).await;
        let spec = everything();
        let done = apply(&served, &spec.stack, &spec.desired).await;
        assert_eq!(done.left, 0, "{lost}: {:?}", done.events);
        assert_eq!((done.live.managed.len(), done.live.unmanaged.len()), (5, 0));
    }
}
