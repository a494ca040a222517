//! The engine against an emulator with modified responses: associations, lost responses, rejected handler code.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::{Next, from_fn};
use provision_aws::proposal::propose;
use provision_core::event::Event;
use provision_core::failure::CodeError;
use provision_core::spec::Spec;
use serde_json::json;

use crate::engine::{apply, apply_alone, article, failures, now, serve_losing};
use crate::specs::{folder, spec_of};
use crate::world::{Served, serve};

/// An API with a web ACL and a data source, and a domain that is associated with it.
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

/// Serves an emulator that responds with `answer` to the first `times` calls for which `is_meant` holds.
async fn serve_with_responses(
    times: usize,
    is_meant: fn(&Request) -> bool,
    answer: fn() -> Response<Body>,
) -> Served {
    let left = Arc::new(AtomicUsize::new(times));
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let left = left.clone();
            async move {
                if is_meant(&request) && left.load(Ordering::SeqCst) > 0 {
                    left.fetch_sub(1, Ordering::SeqCst);
                    return answer();
                }
                next.run(request).await
            }
        }))
    })
    .await
}

/// Serves an emulator that, after a domain was associated, reports this status for the first `times`.
async fn serve_with_association_status(
    times: usize,
    status: &'static str,
    detail: &'static str,
) -> Served {
    let left = Arc::new(AtomicUsize::new(times));
    let associated = Arc::new(AtomicBool::new(false));
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let (left, associated) = (left.clone(), associated.clone());
            async move {
                if !request.uri().path().ends_with("/apiassociation") {
                    return next.run(request).await;
                }
                associated.fetch_or(request.method() == "POST", Ordering::SeqCst);
                let is_poll = request.method() == "GET" && associated.load(Ordering::SeqCst);
                if !is_poll || left.load(Ordering::SeqCst) == 0 {
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
async fn an_association_is_polled_until_it_is_active() {
    let served = serve_with_association_status(3, "PROCESSING", "").await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    // Without polling, the live state would contain an API with the id `a`.
    assert_eq!(done.left, 0, "{:?}", done.events);
}

#[tokio::test]
async fn a_failed_association_is_explained_and_retried_by_the_next_run() {
    let served = serve_with_association_status(2, "FAILED", "the certificate is gone").await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    let failures = format!("{:?}", failures(&done));
    assert!(failures.contains("the certificate is gone"), "{failures}");
    assert_eq!(done.left, 1);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
}

#[tokio::test]
async fn associating_a_web_acl_is_retried_for_a_new_api() {
    fn is_meant(request: &Request) -> bool {
        let target = request.headers().get("x-amz-target");
        target.is_some_and(|value| value.to_str().unwrap().ends_with(".AssociateWebACL"))
    }
    let served = serve_with_responses(2, is_meant, || {
        let body = r#"{"__type":"WAFUnavailableEntityException","Message":"try again"}"#;
        Response::builder().status(400).body(Body::from(body)).unwrap()
    })
    .await;
    let spec = everything();
    let done = apply(&served, &spec.stack, &spec.desired).await;
    assert_eq!(done.left, 0, "{:?}", done.events);
    let retries =
        done.events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count();
    assert_eq!(retries, 2);
}

#[tokio::test]
async fn rejected_handler_code_is_reported_with_its_position() {
    fn is_meant(request: &Request) -> bool {
        request.method() == "POST" && request.uri().path().contains("/channelNamespaces")
    }
    let served = serve_with_responses(1, is_meant, || {
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
    let done = apply_alone(&served, &spec.stack, &spec.desired, &proposal, &|_| {}).await;
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
async fn a_lost_response_creates_no_duplicate_and_loses_no_ownership_tag() {
    for lost in
        ["POST /datasources", "POST /domainnames", "POST /apiassociation", "AssociateWebACL"]
    {
        let served = serve_losing(lost).await;
        let spec = everything();
        let done = apply(&served, &spec.stack, &spec.desired).await;
        assert_eq!(done.left, 0, "{lost}: {:?}", done.events);
        assert_eq!((done.live.managed.len(), done.live.unmanaged.len()), (5, 0));
    }
}
