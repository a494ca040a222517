//! The examples, against the emulator.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use appsync_local::{Store, router};
use aws_smithy_async::time::SharedTimeSource;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// As an SDK signs; the emulator's control plane reads the scope and does not verify the signature.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0";

/// The URL and an API key of an Event API with the namespace `default`.
async fn start_emulator() -> (String, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let store = Store::in_memory(SharedTimeSource::default());
    tokio::spawn(async move { axum::serve(listener, router(store)).await.unwrap() });
    let modes = json!([{ "authType": "API_KEY" }]);
    let config = json!({
        "authProviders": modes,
        "connectionAuthModes": modes,
        "defaultPublishAuthModes": modes,
        "defaultSubscribeAuthModes": modes,
    });
    let api = json!({ "name": "chat", "eventConfig": config });
    let api = post(&address, "/v2/apis", api).await;
    let id = api["api"]["apiId"].as_str().unwrap();
    let namespaces = format!("/v2/apis/{id}/channelNamespaces");
    post(&address, &namespaces, json!({ "name": "default" })).await;
    let key = post(&address, &format!("/v1/apis/{id}/apikeys"), json!({})).await;
    let key = key["apiKey"]["id"].as_str().unwrap().to_owned();
    (format!("http://{address}/apis/{id}/event"), key)
}

async fn post(address: &str, path: &str, body: Value) -> Value {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {SIGNATURE}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: {response}"))
}

/// The program of an example, which Cargo builds before it runs the tests of a package.
fn example(name: &str, key: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().with_file_name("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    let mut command = Command::new(path);
    command.env("API_KEY", key);
    command
}

/// A running subscriber, killed if the test fails.
struct Subscriber(Child);

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_example_publishes_the_other_prints() {
    let (url, key) = start_emulator().await;
    let output = tokio::task::spawn_blocking(move || {
        let mut command = example("subscribe", &key);
        command.args([url.as_str(), "/default/*"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut subscriber = Subscriber(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(subscriber.0.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "subscribed to /default/*\n");

        let mut command = example("publish", &key);
        let Output { status, stdout, .. } =
            command.args([url.as_str(), "/default/room", r#"{"n":1}"#]).output().unwrap();
        assert!(status.success() && stdout.starts_with(b"accepted: "), "{stdout:?}");
        let Output { status, stderr, .. } =
            command.args([url.as_str(), "/default/room", "{"]).output().unwrap();
        assert!(!status.success(), "{stderr:?}");

        let mut output = vec![0; r#"/default/*: {"n":1}"#.len()];
        subscriber.0.stdout.as_mut().unwrap().read_exact(&mut output).unwrap();
        String::from_utf8(output).unwrap()
    });
    assert_eq!(output.await.unwrap(), r#"/default/*: {"n":1}"#);
}
