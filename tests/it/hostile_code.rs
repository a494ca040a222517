//! Handlers that never end, and functions, endpoints and issuers that answer as badly as they can, at the real
//! program, while somebody goes on using it.
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
    let made = plane.faulty.appsync("POST", &path, &namespace).await;
    assert_eq!(made.status, 200, "{}", made.body);
}

async fn publish(plane: &Plane, namespace: &str) -> Answer {
    plane.publish(&format!("/{namespace}/a"), &["1"]).await
}

#[tokio::test]
async fn handlers_that_never_end_or_eat_all_are_stopped_and_told_so() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let throw = |what: &str| format!("export function onPublish(ctx) {{ {what} }}");
    let odd = [
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
    let odd = odd.iter().map(|odd| format!("{import}{}", throw(odd)));
    let known = ["busy", "memory", "deep", "too-large", "loop-without-end"].map(code);
    let (before, _) = server.memory();
    for (n, code) in known.into_iter().chain(odd).enumerate() {
        let name = format!("bad-{n}");
        let path = format!("/v2/apis/{}/channelNamespaces", plane.api);
        let made = json!({ "name": name, "codeHandlers": code });
        // Some code is not taken in the first place.
        if plane.faulty.appsync("POST", &path, &made).await.status == 200 {
            let told = witness.beside(&plane, publish(&plane, &name)).await;
            assert!(
                told.status == 500 || told.status == 403,
                "{code}\n{} {}",
                told.status,
                told.body
            );
        }
    }
    let (after, _) = server.memory();
    assert!(after < before + 96 * 1_024, "{before} kB grew to {after} kB");
    server.end();
}

#[tokio::test]
async fn a_storm_on_one_namespace_keeps_no_other_waiting() {
    let server = Server::start(&[]);
    let plane = server.plane().await;
    namespace(&plane, "storm", json!({ "codeHandlers": code("busy") })).await;
    namespace(&plane, "calm", json!({ "codeHandlers": code("echo") })).await;
    // Whoever had to wait for the storm would be answered after it. Where this test itself was too slow to see
    // that, it looks again.
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
    server.end();
}

/// Many requests to run what takes long, of which one was answered.
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

/// How a server answers badly.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Badly {
    Never,
    WithoutEnd,
    HalfWay,
    Elsewhere,
    Deeply,
    Nonsense,
}

const PROMPTLY: [Badly; 5] =
    [Badly::WithoutEnd, Badly::HalfWay, Badly::Elsewhere, Badly::Deeply, Badly::Nonsense];

/// A server of which the first part of each path says how it answers.
async fn bad_server() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_badly(stream));
        }
    });
    url
}

async fn answer_badly(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = vec![0; 4_096];
    let read = stream.read(&mut head).await?;
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let is = |how: Badly| head.contains(&format!("{how:?}"));
    let ok = "HTTP/1.1 200 OK\r\n";
    if is(Badly::Never) {
        std::future::pending::<()>().await;
    } else if is(Badly::WithoutEnd) {
        stream.write_all(format!("{ok}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
        loop {
            stream.write_all(chunk.as_bytes()).await?;
        }
    } else if is(Badly::HalfWay) {
        stream.write_all(format!("{ok}content-length: 99\r\n\r\n{{").as_bytes()).await?;
    } else if is(Badly::Elsewhere) {
        let to = "location: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(format!("HTTP/1.1 302 Found\r\n{to}").as_bytes()).await?;
    } else if is(Badly::Deeply) {
        let deep = "[".repeat(400_000);
        let head = format!("{ok}content-length: {}\r\n\r\n", deep.len());
        stream.write_all(format!("{head}{deep}").as_bytes()).await?;
    } else {
        stream.write_all(b"\0\0SSH-2.0-nonsense\r\n\r\n").await?;
    }
    Ok(())
}

/// Whether `slow` still lasted when `quick` was done. Where `slow` has a limit of its own and this test was slower
/// than that, it says nothing, and is to be tried again.
async fn lasts<T>(
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
async fn functions_and_endpoints_that_answer_badly_harm_their_own_request_alone() {
    let bad = bad_server().await;
    let server = Server::start(&["--lambda-endpoint", &bad]);
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let (before, _) = server.memory();
    let sources = format!("/v1/apis/{}/datasources", plane.api);
    let asking = "export const onPublish = {
      request: () => ({ method: 'GET', resourcePath: '/', params: {} }),
      response: (ctx) => ctx.events.map(({ id }) => ({ id, payload: ctx.error ? 'failed' : ctx.result.statusCode })),
    }";
    let mut names = Vec::new();
    for how in PROMPTLY.into_iter().chain([Badly::Never]) {
        let role = "arn:aws:iam::123456789012:role/r";
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{how:?}");
        let function = json!({ "name": format!("f{how:?}"), "type": "AWS_LAMBDA", "serviceRoleArn": role, "lambdaConfig": { "lambdaFunctionArn": arn } });
        let endpoint = json!({ "name": format!("e{how:?}"), "type": "HTTP", "httpConfig": { "endpoint": format!("{bad}/{how:?}") } });
        for source in [function, endpoint] {
            let made = plane.faulty.appsync("POST", &sources, &source).await;
            assert_eq!(made.status, 200, "{}", made.body);
        }
        let handler = |behavior: &str, source: String| json!({ "onPublish": { "behavior": behavior, "integration": { "dataSourceName": source } } });
        let (direct, code) = (format!("f{how:?}"), format!("e{how:?}"));
        let configs = handler("DIRECT", direct.clone());
        namespace(&plane, &direct, json!({ "handlerConfigs": configs })).await;
        let configs = handler("CODE", code.clone());
        namespace(&plane, &code, json!({ "handlerConfigs": configs, "codeHandlers": asking }))
            .await;
        if how != Badly::Never {
            names.extend([(direct, 403), (code, 200)]);
        }
    }
    let silent: Vec<_> = (0..20).map(|n| if n % 2 == 0 { "fNever" } else { "eNever" }).collect();
    let told = async || {
        for (name, expected) in &names {
            let told = publish(&plane, name).await;
            assert_eq!(told.status, *expected, "{name} {}", told.body);
        }
    };
    let goes_on = async {
        loop {
            let silent = join_all(silent.iter().map(|silent| publish(&plane, silent)));
            if lasts(pin!(silent), witness.beside(&plane, told())).await {
                break;
            }
        }
    };
    unless_it_hangs(goes_on).await;
    let (after, _) = server.memory();
    assert!(after < before + 64 * 1_024, "{before} kB grew to {after} kB");
    server.end();
}

#[tokio::test]
async fn authorizers_and_issuers_that_answer_badly_let_nobody_in_and_keep_nobody_waiting() {
    let bad = bad_server().await;
    let issuers = PROMPTLY.into_iter().chain([Badly::Never]);
    let issuers = issuers.map(|how| format!("https://id.example.com/{how:?}={bad}/{how:?}"));
    let arguments = issuers.flat_map(|text| ["--issuer".to_owned(), text]);
    let arguments: Vec<_> =
        arguments.chain(["--lambda-endpoint".to_owned(), bad.clone()]).collect();
    let server = Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let plane = server.plane().await;
    let mut witness = Witness::of(&plane).await;
    let mut asked = Vec::new();
    for how in PROMPTLY.into_iter().chain([Badly::Never]) {
        let issuer = format!("https://id.example.com/{how:?}");
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{how:?}");
        let providers = json!([
            { "authType": "OPENID_CONNECT", "openIDConnectConfig": { "issuer": issuer } },
            { "authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": { "authorizerUri": function } },
        ]);
        let modes = json!([{ "authType": "OPENID_CONNECT" }, { "authType": "AWS_LAMBDA" }]);
        let config = json!({
            "authProviders": providers, "connectionAuthModes": modes,
            "defaultPublishAuthModes": modes, "defaultSubscribeAuthModes": modes,
        });
        let api = json!({ "name": format!("a{how:?}"), "eventConfig": config });
        let made = plane.faulty.appsync("POST", "/v2/apis", &api).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let api = made.json()["api"]["apiId"].as_str().unwrap().to_owned();
        let path = format!("/v2/apis/{api}/channelNamespaces");
        plane.faulty.appsync("POST", &path, &json!({ "name": "default" })).await;
        let claims = json!({ "iss": issuer, "exp": 9_999_999_999_u64, "iat": 1 }).to_string();
        let [header, claims] =
            ["{\"alg\":\"RS256\",\"kid\":\"k\"}", &claims].map(|text| URL_SAFE_NO_PAD.encode(text));
        for credential in [format!("{header}.{claims}.AAAA"), "open sesame".to_owned()] {
            let head = format!("POST /apis/{api}/event HTTP/1.1\r\nauthorization: {credential}");
            asked.push((how, head));
        }
    }
    let body = json!({ "channel": "/default/a", "events": ["1"] }).to_string();
    let ask = |(how, head): (Badly, String)| {
        let (plane, body) = (&plane, &body);
        async move { (how, plane.faulty.send(&head, body).await.unwrap()) }
    };
    let (silent, prompt): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|(how, _)| *how == Badly::Never);
    let goes_on = async {
        loop {
            let silent = join_all(silent.iter().cloned().map(ask));
            let told = async {
                for (how, told) in join_all(prompt.iter().cloned().map(ask)).await {
                    assert_eq!(told.status, 401, "{how:?} {}", told.body);
                }
            };
            let mut silent = pin!(silent);
            if lasts(silent.as_mut(), witness.beside(&plane, told)).await {
                return silent.await;
            }
        }
    };
    for (_, told) in unless_it_hangs(goes_on).await {
        assert_eq!(told.status, 401, "{}", told.body);
    }
    server.end();
}
