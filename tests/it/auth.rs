//! Authorization by the emulator's data plane, over HTTP and through the real program.
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::World;

const SPEC: &str = "
version: 1
stack: auth
region: us-east-1
apis:
  chat:
    auth:
      providers:
        - API_KEY
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: us-east-1_Pool, appIdClientRegex: web }
        - OPENID_CONNECT: { issuer: 'https://id.example.com', clientId: app }
        - AWS_LAMBDA: { function: 'arn:aws:lambda:us-east-1:123456789012:function:judge' }
    apiKeys:
      default: {}
    namespaces:
      open: {}
      staff: { publish: [AMAZON_COGNITO_USER_POOLS] }
";
const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool";

/// Sends one request, and returns the status and the JSON of the response.
async fn ask(url: &str, head: &str, body: &str) -> (u16, Value) {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// Applies the spec, and returns the API's id.
fn apply(world: &World) -> String {
    world.write("spec.yaml", SPEC);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let id = world.ok(&["outputs", "spec.yaml", "--local", "--query", "apis.chat.id"]);
    id.trim().to_owned()
}

async fn publish(url: &str, api: &str, channel: &str, credential: &str) -> (u16, Value) {
    let head = format!(
        "POST /apis/{api}/event HTTP/1.1\r\ncontent-type: application/json\r\n{credential}"
    );
    let body = json!({ "channel": channel, "events": ["1"] }).to_string();
    ask(url, &head, &body).await
}

#[tokio::test]
async fn a_token_of_the_local_issuer_is_accepted_where_its_mode_is_allowed() {
    let world = World::new();
    let serving = world.serve(&[]);
    let api = apply(&world);
    let check = async |token: &str, channel: &str, expected: u16| {
        let credential = format!("authorization: {}", token.trim());
        let (status, answer) = publish(&serving.url, &api, channel, &credential).await;
        assert_eq!(status, expected, "{channel} {answer}");
    };
    let pool = world.ok(&["local", "token", "--issuer", POOL, "--group", "staff"]);
    check(&pool, "/staff/a", 200).await;
    check(&pool, "/open/a", 200).await;
    let other = world.ok(&["local", "token", "--api", &api, "--issuer", "https://id.example.com"]);
    check(&other, "/open/a", 200).await;
    check(&other, "/staff/a", 401).await;
    check(&other, "/none/a", 401).await;
    let expired = world.ok(&["local", "token", "--issuer", POOL, "--expires-in", "0s"]);
    check(&expired, "/open/a", 401).await;
    let other_client = world.ok(&["local", "token", "--issuer", POOL, "--client-id", "other"]);
    check(&other_client, "/open/a", 401).await;
    let (header_and_claims, _) = pool.rsplit_once('.').unwrap();
    check(&format!("{header_and_claims}.AAAA"), "/open/a", 401).await;
}

#[tokio::test]
async fn the_local_issuer_keeps_its_key_and_publishes_only_the_public_half() {
    let world = World::new();
    let keys = async || {
        let serving = world.serve(&[]);
        let path = "GET /_provision/issuer/.well-known/jwks.json HTTP/1.1";
        ask(&serving.url, path, "").await
    };
    let (status, first) = keys().await;
    assert_eq!(status, 200);
    let members: Vec<_> = first["keys"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["kty", "crv", "use", "alg", "kid", "x", "y"]);
    assert_eq!(keys().await.1, first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(world.path(".provision/issuer-key.pem")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn local_token_works_with_and_without_a_running_emulator_and_explains_errors() {
    let world = World::new();
    let none = world.run(&["local", "token"]);
    assert_eq!((none.code, none.out.as_str()), (1, ""), "{}", none.err);
    assert!(none.err.contains("no API accepts tokens"), "{}", none.err);
    let api = apply(&world);
    let several = world.run(&["local", "token", "--api", &api]);
    assert!(several.err.contains("select one with `--api` or `--issuer`"), "{}", several.err);
    let token = world.ok(&["local", "token", "--issuer", POOL]);
    assert_eq!(token.trim().split('.').count(), 3);
    let serving = world.serve(&[]);
    let several = world.run(&["local", "token"]);
    assert!(several.err.contains("OPENID_CONNECT https://id.example.com"), "{}", several.err);
    let page = "POST /_provision/token HTTP/1.1\r\nhost: evil.example.com";
    assert_eq!(ask(&serving.url, page, "{}").await.0, 403, "no page in a browser gets one");
}

#[tokio::test]
async fn an_authorizer_function_decides() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let functions = format!("http://{}", listener.local_addr().unwrap());
    let judge = |event: String| async move {
        let event: Value = serde_json::from_str(&event).unwrap();
        json!({ "isAuthorized": event["authorizationToken"] == "open sesame" }).to_string()
    };
    let router = axum::Router::new()
        .route("/2015-03-31/functions/judge/invocations", axum::routing::post(judge));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let world = World::new();
    let serving = world.serve(&["--lambda-endpoint", &functions]);
    let api = apply(&world);
    let publish_with = async |token: &str| {
        publish(&serving.url, &api, "/open/a", &format!("authorization: {token}")).await.0
    };
    assert_eq!(publish_with("open sesame").await, 200);
    assert_eq!(publish_with("open barley").await, 401);
}
