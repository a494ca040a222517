//! The engine against servers without some of AWS's operations.
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn};
use provision_aws::error::AwsError;
use provision_aws::live::LiveStateError;
use provision_aws::proposal::propose;
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveState;
use serde_json::{Value, json};

use crate::engine::{apply, now};
use crate::specs::{folder, spec_of};
use crate::world::{Served, serve};

/// How a server rejects an operation that it does not support.
struct Rejection {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const AWS: Rejection = Rejection {
    status: 404,
    headers: &[("x-amzn-errortype", "UnknownOperationException")],
    body: "{}",
};
const MOTO: Rejection = Rejection {
    status: 500,
    headers: &[
        ("server", "Werkzeug/3.1.9 Python/3.13"),
        ("content-type", "text/html; charset=utf-8"),
    ],
    body: "<!doctype html>\n<title>500 Internal Server Error</title>",
};
const MINISTACK: Rejection = Rejection {
    status: 404,
    headers: &[("x-amzn-errortype", "NotFoundException")],
    body: r#"{"message": "Unknown path: /v1/domainnames"}"#,
};
const DENIED: Rejection = Rejection {
    status: 403,
    headers: &[("x-amzn-errortype", "AccessDeniedException")],
    body: r#"{"message": "not you"}"#,
};

/// Serves an emulator that responds with `rejection` to calls of this method whose path contains `part`.
async fn serve_without(
    method: &'static str,
    part: &'static str,
    rejection: &'static Rejection,
) -> Served {
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| async move {
            if request.method() != method || !request.uri().path().contains(part) {
                return next.run(request).await;
            }
            let status = StatusCode::from_u16(rejection.status).unwrap();
            let answer = Response::builder().status(status);
            let named = |answer: axum::http::response::Builder, (name, value): &(&str, &str)| {
                answer.header(*name, *value)
            };
            rejection.headers.iter().fold(answer, named).body(Body::from(rejection.body)).unwrap()
        }))
    })
    .await
}

async fn read_live(served: &Served, document: &Value) -> Result<LiveState, LiveStateError> {
    let spec = spec_of(document, &folder(), now());
    propose(&served.aws, &spec.stack, &spec.desired, now()).await.map(|proposal| proposal.live)
}

fn plain() -> Value {
    json!({ "version": 1, "stack": "s", "region": "ap-northeast-1", "apis": { "a": {
        "auth": { "providers": ["AWS_IAM"] }, "namespaces": { "n": { "publish": ["AWS_IAM"] } },
    } } })
}

#[tokio::test]
async fn a_kind_that_cannot_be_listed_is_an_error_only_if_the_spec_declares_it() {
    for rejection in [&AWS, &MOTO, &MINISTACK] {
        let served = serve_without("GET", "/v1/domainnames", rejection).await;
        let live = read_live(&served, &plain()).await.unwrap();
        assert!(live.unlisted["domains"].starts_with("ListDomainNames: "), "{:?}", live.unlisted);
        for domain in [
            json!({ "name": "a.example.com", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/1" }),
            json!({ "name": "a.example.com", "association": { "api": "a" } }),
        ] {
            let mut document = plain();
            document["domains"] = json!({ "d": domain });
            let Err(LiveStateError::Aws(error)) = read_live(&served, &document).await else {
                panic!("{domain} would be created by every apply")
            };
            assert_eq!(error.class, ErrorClass::Unsupported);
            let message = error.message;
            let named = message.starts_with("domains/d") && message.contains(": ListDomainNames: ");
            assert!(named, "{message}");
        }
    }
}

#[tokio::test]
async fn a_denied_list_is_an_error_whatever_the_spec_declares() {
    let served = serve_without("GET", "/v1/domainnames", &DENIED).await;
    let Err(LiveStateError::Aws(AwsError { class, .. })) = read_live(&served, &plain()).await
    else {
        panic!("a denied list does not mean that no domain exists")
    };
    assert_eq!(class, ErrorClass::Denied);
}

#[tokio::test]
async fn namespaces_that_can_only_be_listed_are_read_from_the_list() {
    let served = serve_without("GET", "/channelNamespaces/", &MOTO).await;
    let spec = spec_of(&plain(), &folder(), now());
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    let again = propose(&served.aws, &spec.stack, &spec.desired, now()).await.unwrap();
    assert_eq!(again.changes, []);
}

#[tokio::test]
async fn unsupported_tagging_is_an_error_only_if_user_tags_change() {
    let served = serve_without("POST", "/v1/tags/", &AWS).await;
    let (mut before, now) = (plain(), now());
    before["tags"] = json!({ "team": "a" });
    let spec = spec_of(&before, &folder(), now);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    let mut after = before.clone();
    after["apis"]["a"]["ownerContact"] = json!("another team");
    let spec = spec_of(&after, &folder(), now);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    after["tags"]["team"] = json!("b");
    let spec = spec_of(&after, &folder(), now);
    assert_ne!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
}
