//! Endless handlers, and functions, endpoints and issuers with bad responses, do not affect other clients of the
//! real program.
use std::fs;
use std::pin::{Pin, pin};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::faulty::Answer;
use crate::guard::unless_it_hangs;
use crate::hostile_server::{Server, Witness};
use crate::plane::Plane;
use crate::world::root;

fn code(name: &str) -> String {
    fs::read_to_string(root("tests/data/running").join(format!("{name}.js"))).unwrap()
}

async fn namespace(plane: &Plane, name: &str, members: Value) {
    let mut namespace = json!({ "name": name });
    namespace.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let path = format!("/v2/apis/{}/channelNamespaces", plane.api);
    let created = plane.faulty.appsync("POST", &path, &namespace).await;
    assert_eq!(created.status, 200, "{}", created.body);
}

async fn publish(plane: &Plane, namespace: &str) -> Answer {
    plane.publish(&format!("/{namespace}/a"), &["1"]).await
}

#[tokio::test]
async fn endless_and_huge_handlers_are_stopped_with_an_error() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let throw = |what: &str| format!("export function onPublish(ctx) {{ {what} }}");
    let unusual = [
        "throw null",
        "throw undefined",
        "throw 1",
        "throw {}",
        "throw ctx",
        "throw () => 1",
        "throw { get message() { throw 1 } }",
        "throw { toJSON: () => { throw 1 } }",
        "const it = {}; it.it = it; throw it",
        "const it = {}; it.it = it; return it",
        "return { toJSON: () => { throw 1 } }",
        "return ctx.events.map(() => ctx)",
        "ctx.events = null; ctx.stash = ctx; return [1]",
        "util.error('x'.repeat(6000000))",
        "util.error(ctx)",
        "console.log('x'.repeat(2000000)); return ctx.events.map(({ id }) => ({ id: id + 1 }))",
    ];
    let import = "import { util } from '@aws-appsync/utils'\n";
    let unusual = unusual.iter().map(|unusual| format!("{import}{}", throw(unusual)));
    let hostile = ["busy", "memory", "deep", "too-large", "loop-without-end"].map(code);
    let (before, _) = server.memory();
    for (n, code) in hostile.into_iter().chain(unusual).enumerate() {
        let name = format!("bad-{n}");
        let path = format!("/v2/apis/{}/channelNamespaces", plane.api);
        let created = json!({ "name": name, "codeHandlers": code });
        // AppSync's linter rejects some of the code.
        if plane.faulty.appsync("POST", &path, &created).await.status == 200 {
            let response = witness.run_during(&plane, publish(&plane, &name)).await;
            assert!(
                response.status == 500 || response.status == 403,
                "{code}\n{} {}",
                response.status,
                response.body
            );
        }
    }
    let (after, _) = server.memory();
    assert!(after < before + 96 * 1_024, "{before} kB grew to {after} kB");
    server.stop();
}

#[tokio::test]
async fn many_requests_to_one_namespace_do_not_delay_another() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    namespace(&plane, "storm", json!({ "codeHandlers": code("busy") })).await;
    namespace(&plane, "calm", json!({ "codeHandlers": code("echo") })).await;
    // If the other namespace had to wait, all requests would be answered by now. If this test was too slow to
    // tell, it tries again.
    let waits = async {
        loop {
            let storm = storm(&server, &plane).await;
            for _ in 0..5 {
                assert_eq!(publish(&plane, "calm").await.status, 200);
            }
            let is_unanswered = |stream: &TcpStream| stream.try_read(&mut [0]).is_err();
            if storm.iter().any(is_unanswered) {
                break;
            }
        }
    };
    unless_it_hangs(waits).await;
    server.stop();
}

/// Sends many requests that run a slow handler, and returns when the first one is answered.
async fn storm(server: &Server, plane: &Plane) -> Vec<TcpStream> {
    let mut storm = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let body = json!({ "channel": "/storm/a", "events": ["1"] }).to_string();
        let head = format!(
            "POST /apis/{}/event HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\ncontent-length: {}",
            plane.api,
            plane.key,
            body.len()
        );
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
        storm.push(stream);
    }
    let mut first = [0; 12];
    storm[0].read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 500");
    storm
}

/// How a server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Misbehavior {
    Never,
    Endless,
    Truncated,
    Redirect,
    DeeplyNested,
    Nonsense,
}

const PROMPT: [Misbehavior; 5] = [
    Misbehavior::Endless,
    Misbehavior::Truncated,
    Misbehavior::Redirect,
    Misbehavior::DeeplyNested,
    Misbehavior::Nonsense,
];

/// A server whose request paths select the misbehavior.
async fn bad_server() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(misbehave(stream));
        }
    });
    url
}

async fn misbehave(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = vec![0; 4_096];
    let read = stream.read(&mut head).await?;
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let is_asked_to = |misbehavior: Misbehavior| head.contains(&format!("{misbehavior:?}"));
    let ok = "HTTP/1.1 200 OK\r\n";
    if is_asked_to(Misbehavior::Never) {
        std::future::pending::<()>().await;
    } else if is_asked_to(Misbehavior::Endless) {
        stream.write_all(format!("{ok}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
        loop {
            stream.write_all(chunk.as_bytes()).await?;
        }
    } else if is_asked_to(Misbehavior::Truncated) {
        stream.write_all(format!("{ok}content-length: 99\r\n\r\n{{").as_bytes()).await?;
    } else if is_asked_to(Misbehavior::Redirect) {
        let to = "location: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(format!("HTTP/1.1 302 Found\r\n{to}").as_bytes()).await?;
    } else if is_asked_to(Misbehavior::DeeplyNested) {
        let deep = "[".repeat(400_000);
        let head = format!("{ok}content-length: {}\r\n\r\n", deep.len());
        stream.write_all(format!("{head}{deep}").as_bytes()).await?;
    } else {
        stream.write_all(b"\0\0SSH-2.0-nonsense\r\n\r\n").await?;
    }
    Ok(())
}

/// Returns whether `slow` was still pending when `quick` was done. `slow` may have a time limit: if this test was
/// slower than that, the result means nothing, and the caller tries again.
async fn is_slower<T>(
    mut slow: Pin<&mut impl Future<Output = T>>,
    quick: impl Future<Output = ()>,
) -> bool {
    let mut quick = pin!(quick);
    tokio::select! {
        biased;
        () = quick.as_mut() => true,
        _ = slow.as_mut() => {
            quick.await;
            false
        }
    }
}

#[tokio::test]
async fn bad_responses_of_functions_and_endpoints_affect_only_their_own_request() {
    let bad = bad_server().await;
    let server = Server::start(&["--lambda-endpoint", &bad]);
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let (before, _) = server.memory();
    let sources = format!("/v1/apis/{}/datasources", plane.api);
    let handler_code = "export const onPublish = {
      request: () => ({ method: 'GET', resourcePath: '/', params: {} }),
      response: (ctx) => ctx.events.map(({ id }) => ({ id, payload: ctx.error ? 'failed' : ctx.result.statusCode })),
    }";
    let mut names = Vec::new();
    for misbehavior in PROMPT.into_iter().chain([Misbehavior::Never]) {
        let role = "arn:aws:iam::123456789012:role/r";
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{misbehavior:?}");
        let function = json!({ "name": format!("f{misbehavior:?}"), "type": "AWS_LAMBDA", "serviceRoleArn": role, "lambdaConfig": { "lambdaFunctionArn": arn } });
        let endpoint = json!({ "name": format!("e{misbehavior:?}"), "type": "HTTP", "httpConfig": { "endpoint": format!("{bad}/{misbehavior:?}") } });
        for source in [function, endpoint] {
            let created = plane.faulty.appsync("POST", &sources, &source).await;
            assert_eq!(created.status, 200, "{}", created.body);
        }
        let handler = |behavior: &str, source: String| json!({ "onPublish": { "behavior": behavior, "integration": { "dataSourceName": source } } });
        let (direct, code) = (format!("f{misbehavior:?}"), format!("e{misbehavior:?}"));
        let configs = handler("DIRECT", direct.clone());
        namespace(&plane, &direct, json!({ "handlerConfigs": configs })).await;
        let configs = handler("CODE", code.clone());
        namespace(
            &plane,
            &code,
            json!({ "handlerConfigs": configs, "codeHandlers": handler_code }),
        )
        .await;
        if misbehavior != Misbehavior::Never {
            names.extend([(direct, 403), (code, 200)]);
        }
    }
    let silent: Vec<_> = (0..20).map(|n| if n % 2 == 0 { "fNever" } else { "eNever" }).collect();
    let expect_errors = async || {
        for (name, expected) in &names {
            let response = publish(&plane, name).await;
            assert_eq!(response.status, *expected, "{name} {}", response.body);
        }
    };
    let retry_until_slower = async {
        loop {
            let silent = join_all(silent.iter().map(|silent| publish(&plane, silent)));
            if is_slower(pin!(silent), witness.run_during(&plane, expect_errors())).await {
                break;
            }
        }
    };
    unless_it_hangs(retry_until_slower).await;
    let (after, _) = server.memory();
    assert!(after < before + 64 * 1_024, "{before} kB grew to {after} kB");
    server.stop();
}

#[tokio::test]
async fn bad_responses_of_authorizers_and_issuers_deny_access_and_delay_no_other_request() {
    let bad = bad_server().await;
    let issuers = PROMPT.into_iter().chain([Misbehavior::Never]);
    let issuers = issuers
        .map(|misbehavior| format!("https://id.example.com/{misbehavior:?}={bad}/{misbehavior:?}"));
    let arguments = issuers.flat_map(|text| ["--issuer".to_owned(), text]);
    let arguments: Vec<_> =
        arguments.chain(["--lambda-endpoint".to_owned(), bad.clone()]).collect();
    let server = Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let plane = server.plane().await;
    let mut witness = Witness::start(&plane).await;
    let mut requests = Vec::new();
    for misbehavior in PROMPT.into_iter().chain([Misbehavior::Never]) {
        let issuer = format!("https://id.example.com/{misbehavior:?}");
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{misbehavior:?}");
        let providers = json!([
            { "authType": "OPENID_CONNECT", "openIDConnectConfig": { "issuer": issuer } },
            { "authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": { "authorizerUri": function } },
        ]);
        let modes = json!([{ "authType": "OPENID_CONNECT" }, { "authType": "AWS_LAMBDA" }]);
        let config = json!({
            "authProviders": providers, "connectionAuthModes": modes,
            "defaultPublishAuthModes": modes, "defaultSubscribeAuthModes": modes,
        });
        let api = json!({ "name": format!("a{misbehavior:?}"), "eventConfig": config });
        let created = plane.faulty.appsync("POST", "/v2/apis", &api).await;
        assert_eq!(created.status, 200, "{}", created.body);
        let api = created.json()["api"]["apiId"].as_str().unwrap().to_owned();
        let path = format!("/v2/apis/{api}/channelNamespaces");
        plane.faulty.appsync("POST", &path, &json!({ "name": "default" })).await;
        let claims = json!({ "iss": issuer, "exp": 9_999_999_999_u64, "iat": 1 }).to_string();
        let [header, claims] =
            ["{\"alg\":\"RS256\",\"kid\":\"k\"}", &claims].map(|text| URL_SAFE_NO_PAD.encode(text));
        for credential in [format!("{header}.{claims}.AAAA"), "open sesame".to_owned()] {
            let head = format!("POST /apis/{api}/event HTTP/1.1\r\nauthorization: {credential}");
            requests.push((misbehavior, head));
        }
    }
    let body = json!({ "channel": "/default/a", "events": ["1"] }).to_string();
    let send = |(misbehavior, head): (Misbehavior, String)| {
        let (plane, body) = (&plane, &body);
        async move { (misbehavior, plane.faulty.send(&head, body).await.unwrap()) }
    };
    let (silent, prompt): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|(misbehavior, _)| *misbehavior == Misbehavior::Never);
    let retry_until_slower = async {
        loop {
            let silent = join_all(silent.iter().cloned().map(send));
            let expect_denials = async {
                for (misbehavior, response) in join_all(prompt.iter().cloned().map(send)).await {
                    assert_eq!(response.status, 401, "{misbehavior:?} {}", response.body);
                }
            };
            let mut silent = pin!(silent);
            if is_slower(silent.as_mut(), witness.run_during(&plane, expect_denials)).await {
                return silent.await;
            }
        }
    };
    for (_, response) in unless_it_hangs(retry_until_slower).await {
        assert_eq!(response.status, 401, "{}", response.body);
    }
    server.stop();
}
