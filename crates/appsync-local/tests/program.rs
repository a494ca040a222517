//! The program as it is installed: it serves, delivers events, and ends by a signal.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use appsync_local::Store;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const PROGRAM: &str = env!("CARGO_BIN_EXE_appsync-local");
/// As an SDK signs; the control plane reads the scope and does not verify the signature.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0";

/// The running program, killed if the test fails.
struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--port", "0", "--data-dir"]).arg(folder.join("state")).env_clear();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim_end().to_owned() }
    }

    async fn post(&self, path: &str, header: (&str, &str), body: Value) -> Value {
        let response = self.try_post(path, header, body).await.unwrap();
        assert!(response.status().is_success(), "{path}: {response:?}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    async fn try_post(
        &self,
        path: &str,
        header: (&str, &str),
        body: Value,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        let request = Request::post(format!("{}{path}", self.url)).header(header.0, header.1);
        let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        client.request(request).await
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends the program by a signal: its exit code, and what it wrote to stderr.
    fn terminate(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        let stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (self.child.wait().unwrap().code(), stderr)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn event_config() -> Value {
    let modes = json!([{ "authType": "API_KEY" }]);
    json!({
        "authProviders": modes,
        "connectionAuthModes": modes,
        "defaultPublishAuthModes": modes,
        "defaultSubscribeAuthModes": modes,
    })
}

#[tokio::test]
async fn a_published_event_reaches_a_subscriber_and_sigterm_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(folder.path());
    let signed = ("authorization", SIGNATURE);
    let api = json!({ "name": "chat", "eventConfig": event_config() });
    let api = emulator.post("/v2/apis", signed, api).await;
    let id = api["api"]["apiId"].as_str().unwrap();
    let namespaces = format!("/v2/apis/{id}/channelNamespaces");
    emulator.post(&namespaces, signed, json!({ "name": "default" })).await;
    let key = emulator.post(&format!("/v1/apis/{id}/apikeys"), signed, json!({})).await;
    let key = key["apiKey"]["id"].as_str().unwrap();

    let url = format!("{}/apis/{id}/event/realtime", emulator.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    let protocol = "aws-appsync-event-ws".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = connect_async(request).await.unwrap();
    let authorization = json!({ "x-api-key": key });
    let subscribe = json!({
        "type": "subscribe", "id": "s", "channel": "/default/*", "authorization": authorization,
    });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    let confirmed = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(confirmed.contains("subscribe_success"), "{confirmed}");

    let event = json!({ "channel": "/default/room", "events": ["\"hello\""] });
    let published = emulator.post(&format!("/apis/{id}/event"), ("x-api-key", key), event).await;
    assert_eq!(published["successful"][0]["index"], 0, "{published}");
    let received = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(received.as_str(), r#"{"type":"data","id":"s","event":"\"hello\""}"#);
    drop(socket);

    let url = emulator.url.clone();
    let (code, stderr) = emulator.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains(&format!("AWS_ENDPOINT_URL={url}")), "{stderr}");
    assert!(stderr.contains("`appsync-local trust`"), "{stderr}");
}

#[tokio::test]
async fn what_was_acknowledged_before_sigkill_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::start(folder.path());
    let signed = ("authorization", SIGNATURE);
    let api = json!({ "name": "chat", "eventConfig": event_config() });
    let api = emulator.post("/v2/apis", signed, api).await;
    let namespaces =
        format!("/v2/apis/{}/channelNamespaces", api["api"]["apiId"].as_str().unwrap());
    let create = async |number: usize| {
        let name = format!("n{number}");
        let response = emulator.try_post(&namespaces, signed, json!({ "name": name })).await;
        response.is_ok_and(|response| response.status().is_success()).then_some(name)
    };
    let mut creates: FuturesUnordered<_> = (0..40).map(create).collect();
    let mut acknowledged = Vec::new();
    while let Some(name) = creates.next().await {
        acknowledged.extend(name);
        if acknowledged.len() == 10 {
            emulator.signal(Signal::KILL);
        }
    }
    drop(creates);
    emulator.child.wait().unwrap();
    let clock = SharedTimeSource::new(SystemTimeSource::new());
    let store = Store::open(&folder.path().join("state"), clock).unwrap();
    let state = String::from_utf8(store.state_file().unwrap()).unwrap();
    for name in acknowledged {
        assert!(state.contains(&format!("\"name\":\"{name}\"")), "{name}: {state}");
    }
}

#[test]
fn usage_errors_exit_with_2_and_other_errors_with_1() {
    let run = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).env_clear().output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), stderr)
    };
    let (code, stdout, stderr) = run(&["--prot", "0"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("'--port'"), "{stderr}");
    let (code, stdout, stderr) = run(&["--faults", "no-such-file.json"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("error: ") && stderr.contains("no-such-file.json"), "{stderr}");
    let (code, stdout, _) = run(&["--version"]);
    assert_eq!(
        (code, stdout.trim_end()),
        (Some(0), concat!("appsync-local ", env!("CARGO_PKG_VERSION")))
    );
    let (code, stdout, _) = run(&["--help"]);
    assert!(code == Some(0) && stdout.contains("--emulator-options"), "{stdout}");
}

#[test]
fn a_certificate_authority_is_made_and_its_path_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args(["trust", "--format", "path"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let path = String::from_utf8(output.stdout).unwrap();
    let certificate = std::fs::read_to_string(path.trim_end()).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"), "{certificate}");
}
