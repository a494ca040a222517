//! aws-amplify 6, unmodified, against the local emulator, as the article uses it.
use std::ffi::OsStr;
use std::fs;

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::node::{browser, environment, run_script};
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

/// Serves the Lambda Invoke API with an authorizer function that accepts the token `open sesame`.
async fn serve_functions() -> (String, JoinHandle<()>) {
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
    let (functions, _served) = serve_functions().await;
    let results = tokio::task::spawn_blocking(move || run_amplify(&functions)).await.unwrap();
    let both = json!([{ "message": "Publish from Amplify" }, { "message": "over the socket" }]);
    for mode in ["apiKey", "iam", "userPool", "oidc", "lambda"] {
        assert_eq!(results[mode], json!({ "received": both, "posted": true }), "{mode}: {results}");
    }
    for refused in
        ["a wrong key", "a mode that may not", "no namespace", "a wrong word", "a spoilt token"]
    {
        let kind = &results[refused]["post"]["refused"];
        assert_eq!(kind, "UnauthorizedException", "{refused}: {results}");
    }
}

fn run_amplify(functions: &str) -> Value {
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
    let variables = [("NODE_EXTRA_CA_CERTS", trust.as_os_str())];
    let run = |name: &str, cases: Value| {
        let endpoint = &events["endpoint"];
        let input = json!({ "endpoint": endpoint, "region": events["region"], name: cases });
        run_script("amplify", "modes.mjs", &[OsStr::new(&input.to_string())], &variables)
    };
    let modes = json!({
        "apiKey": key,
        "iam": { "credentials": { "accessKeyId": "local", "secretAccessKey": "local" } },
        "userPool": { "token": pool },
        "oidc": { "token": issuer },
        "lambda": { "token": "open sesame" },
    });
    let mut results = run(
        "refused",
        json!({
            "a wrong key": ["apiKey", { "apiKey": "da2-wrong" }, "/sample/a"],
            "a mode that may not": ["apiKey", key, "/signed/a"],
            "no namespace": ["apiKey", key, "/other/a"],
            "a wrong word": ["lambda", { "token": "open barley" }, "/sample/a"],
            "a spoilt token": ["oidc", { "token": format!("{issuer}x") }, "/sample/a"],
        }),
    );
    // One process for each mode: Amplify closes a socket only a second after its last use.
    for (mode, client) in modes.as_object().unwrap() {
        results[mode] = run("modes", json!({ mode: client }))[mode].take();
    }
    results
}

#[test]
fn the_app_of_the_article_receives_what_it_posts_in_a_browser() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let _serving = world.serve(&[]);
    let outputs = ["outputs", "spec.yaml", "--local", "--reveal", "--format", "amplify"];
    let configuration: Value = serde_json::from_str(&world.ok(&outputs)).unwrap();
    let mut input = configuration["API"]["Events"].clone();
    input["authority"] = json!(world.path(".provision/ca.pem"));
    input["script"] = json!(environment("amplify").join("article.js"));
    input["browser"] = json!(browser());
    input["folder"] = json!(world.path("browser"));
    fs::copy(root("tests/interop/amplify/article.js"), input["script"].as_str().unwrap()).unwrap();
    let input = input.to_string();
    let results = run_script("amplify", "browser.mjs", &[OsStr::new(&input)], &[]);
    let message = r#"{"message":"Publish from Amplify"}"#;
    assert_eq!(results["messages"][0], message, "{results}");
    let frames = results["frames"].as_array().unwrap();
    assert_eq!(frames[..2], ["connection_ack", "subscribe_success"], "{results}");
    assert_eq!(results["problems"], json!([]), "{results}");
    assert!(results["url"].as_str().unwrap().starts_with("wss://localhost:"), "{results}");
}
