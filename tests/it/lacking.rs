//! The engine against what is like AWS and lacks some of it.
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn};
use provision_aws::backend::direct::propose;
use provision_aws::error::AwsError;
use provision_aws::live::LiveStateError;
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveState;
use serde_json::{Value, json};

use crate::engine::{apply, now};
use crate::specs::{folder, spec_of};
use crate::world::{Served, serve};

/// How something says that it lacks an operation.
struct Lack {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const OF_AWS: Lack =
    Lack { status: 404, headers: &[("x-amzn-errortype", "UnknownOperationException")], body: "{}" };
const OF_MOTO: Lack = Lack {
    status: 500,
    headers: &[
        ("server", "Werkzeug/3.1.9 Python/3.13"),
        ("content-type", "text/html; charset=utf-8"),
    ],
    body: "<!doctype html>\n<title>500 Internal Server Error</title>",
};
const OF_MINISTACK: Lack = Lack {
    status: 404,
    headers: &[("x-amzn-errortype", "NotFoundException")],
    body: r#"{"message": "Unknown path: /v1/domainnames"}"#,
};
const DENIED: Lack = Lack {
    status: 403,
    headers: &[("x-amzn-errortype", "AccessDeniedException")],
    body: r#"{"message": "not you"}"#,
};

/// Serves an AWS that answers calls of this method, to paths with this in them, with `lack`.
async fn without(method: &'static str, part: &'static str, lack: &'static Lack) -> Served {
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| async move {
            if request.method() != method || !request.uri().path().contains(part) {
                return next.run(request).await;
            }
            let status = StatusCode::from_u16(lack.status).unwrap();
            let answer = Response::builder().status(status);
            let named = |answer: axum::http::response::Builder, (name, value): &(&str, &str)| {
                answer.header(*name, *value)
            };
            lack.headers.iter().fold(answer, named).body(Body::from(lack.body)).unwrap()
        }))
    })
    .await
}

async fn look(served: &Served, document: &Value) -> Result<LiveState, LiveStateError> {
    let spec = spec_of(document, &folder(), now());
    propose(&served.aws, &spec.stack, &spec.desired, now()).await.map(|it| it.live)
}

fn plain() -> Value {
    json!({ "version": 1, "stack": "s", "region": "ap-northeast-1", "apis": { "a": {
        "auth": { "providers": ["AWS_IAM"] }, "namespaces": { "n": { "publish": ["AWS_IAM"] } },
    } } })
}

#[tokio::test]
async fn a_kind_that_has_no_list_is_no_matter_unless_the_spec_has_one() {
    for lack in [&OF_AWS, &OF_MOTO, &OF_MINISTACK] {
        let served = without("GET", "/v1/domainnames", lack).await;
        let live = look(&served, &plain()).await.unwrap();
        assert!(live.unlisted["domains"].starts_with("ListDomainNames: "), "{:?}", live.unlisted);
        for domain in [
            json!({ "name": "a.example.com", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/1" }),
            json!({ "name": "a.example.com", "association": { "api": "a" } }),
        ] {
            let mut document = plain();
            document["domains"] = json!({ "d": domain });
            let Err(LiveStateError::Aws(error)) = look(&served, &document).await else {
                panic!("{domain} would be made again and again")
            };
            assert_eq!(error.class, ErrorClass::Unsupported);
            let message = error.message;
            let named = message.starts_with("domains/d") && message.contains(": ListDomainNames: ");
            assert!(named, "{message}");
        }
    }
}

#[tokio::test]
async fn who_may_not_list_a_kind_is_told_so_whatever_the_spec_has() {
    let served = without("GET", "/v1/domainnames", &DENIED).await;
    let Err(LiveStateError::Aws(AwsError { class, .. })) = look(&served, &plain()).await else {
        panic!("what may not be seen is not absent")
    };
    assert_eq!(class, ErrorClass::Denied);
}

#[tokio::test]
async fn namespaces_that_can_only_be_listed_are_read_from_the_list() {
    let served = without("GET", "/channelNamespaces/", &OF_MOTO).await;
    let spec = spec_of(&plain(), &folder(), now());
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    let again = propose(&served.aws, &spec.stack, &spec.desired, now()).await.unwrap();
    assert_eq!(again.changes, []);
}

#[tokio::test]
async fn only_what_is_wanted_of_tags_must_find_a_place_for_tags() {
    let served = without("POST", "/v1/tags/", &OF_AWS).await;
    let (mut before, now) = (plain(), now());
    before["tags"] = json!({ "team": "a" });
    let spec = spec_of(&before, &folder(), now);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    let mut after = before.clone();
    after["apis"]["a"]["ownerContact"] = json!("somebody else");
    let spec = spec_of(&after, &folder(), now);
    assert_eq!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
    after["tags"]["team"] = json!("b");
    let spec = spec_of(&after, &folder(), now);
    assert_ne!(apply(&served, &spec.stack, &spec.desired).await.left, 0);
}
