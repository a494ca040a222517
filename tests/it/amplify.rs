//! aws-amplify 6, unmodified, against the local AWS, as the article uses it.
use std::ffi::OsStr;
use std::fs;

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::node::{browser, environment, told};
use crate::world::{World, root};

const SPEC: &str = "version: 1
stack: modes
region: ap-northeast-1
apis:
  all:
    auth:
      providers:
        - API_KEY
        - AWS_IAM
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: ap-northeast-1_AbCdEf, appIdClientRegex: web }
        - OPENID_CONNECT: { issuer: https://id.example.com, clientId: app }
        - AWS_LAMBDA: { function: 'arn:aws:lambda:ap-northeast-1:123456789012:function:authorize' }
    apiKeys: { web: {} }
    namespaces:
      sample: {}
      signed: { publish: [AWS_IAM] }
";
const POOL: &str = "https://cognito-idp.ap-northeast-1.amazonaws.com/ap-northeast-1_AbCdEf";

/// A function behind the Lambda Invoke API that lets the token `open sesame` in.
async fn functions() -> (String, JoinHandle<()>) {
    let authorize = |body: String| async move {
        let event: Value = serde_json::from_str(&body).unwrap();
        json!({ "isAuthorized": event["authorizationToken"] == "open sesame" }).to_string()
    };
    let router =
        Router::new().route("/2015-03-31/functions/authorize/invocations", post(authorize));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_connects_subscribes_and_publishes_in_every_mode() {
    let (functions, _served) = functions().await;
    let said = tokio::task::spawn_blocking(move || said_by_amplify(&functions)).await.unwrap();
    let both = json!([{ "message": "Publish from Amplify" }, { "message": "over the socket" }]);
    for mode in ["apiKey", "iam", "userPool", "oidc", "lambda"] {
        assert_eq!(said[mode], json!({ "received": both, "posted": true }), "{mode}: {said}");
    }
    for refused in
        ["a wrong key", "a mode that may not", "no namespace", "a wrong word", "a spoilt token"]
    {
        let kind = &said[refused]["post"]["refused"];
        assert_eq!(kind, "UnauthorizedException", "{refused}: {said}");
    }
}

fn said_by_amplify(functions: &str) -> Value {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let _serving = world.serve(&["--lambda-endpoint", functions]);
    let outputs = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "amplify"];
    let configuration: Value = serde_json::from_str(&world.ok(&outputs)).unwrap();
    let events = &configuration["API"]["Events"];
    let key = json!({ "apiKey": events["apiKey"] });
    let token = |issuer: &str| world.ok(&["local", "token", "--issuer", issuer]).trim().to_owned();
    let (pool, issuer) = (token(POOL), token("https://id.example.com"));
    let trust = world.path(".provision/ca.pem");
    let with = [("NODE_EXTRA_CA_CERTS", trust.as_os_str())];
    let ask = |what: &str, of: Value| {
        let endpoint = &events["endpoint"];
        let asked = json!({ "endpoint": endpoint, "region": events["region"], what: of });
        told("amplify", "modes.mjs", &[OsStr::new(&asked.to_string())], &with)
    };
    let modes = json!({
        "apiKey": key,
        "iam": { "credentials": { "accessKeyId": "local", "secretAccessKey": "local" } },
        "userPool": { "token": pool },
        "oidc": { "token": issuer },
        "lambda": { "token": "open sesame" },
    });
    let mut said = ask(
        "refused",
        json!({
            "a wrong key": ["apiKey", { "apiKey": "da2-wrong" }, "/sample/a"],
            "a mode that may not": ["apiKey", key, "/signed/a"],
            "no namespace": ["apiKey", key, "/other/a"],
            "a wrong word": ["lambda", { "token": "open barley" }, "/sample/a"],
            "a spoilt token": ["oidc", { "token": format!("{issuer}x") }, "/sample/a"],
        }),
    );
    // A client for each: Amplify closes the socket of the one before a second late.
    for (mode, given) in modes.as_object().unwrap() {
        said[mode] = ask("modes", json!({ mode: given }))[mode].take();
    }
    said
}

#[test]
fn the_articles_app_receives_in_a_browser_what_it_posts() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let _serving = world.serve(&[]);
    let outputs = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "amplify"];
    let configuration: Value = serde_json::from_str(&world.ok(&outputs)).unwrap();
    let mut asked = configuration["API"]["Events"].clone();
    asked["authority"] = json!(world.path(".provision/ca.pem"));
    asked["script"] = json!(environment("amplify").join("article.js"));
    asked["browser"] = json!(browser());
    asked["folder"] = json!(world.path("browser"));
    fs::copy(root("tests/interop/amplify/article.js"), asked["script"].as_str().unwrap()).unwrap();
    let asked = asked.to_string();
    let said = told("amplify", "browser.mjs", &[OsStr::new(&asked)], &[]);
    let message = r#"{"message":"Publish from Amplify"}"#;
    assert_eq!(said["messages"][0], message, "{said}");
    let frames = said["frames"].as_array().unwrap();
    assert_eq!(frames[..2], ["connection_ack", "subscribe_success"], "{said}");
    assert_eq!(said["problems"], json!([]), "{said}");
    assert!(said["url"].as_str().unwrap().starts_with("wss://localhost:"), "{said}");
}
