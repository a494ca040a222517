//! Events from publishers to subscribers, compared with a server that only broadcasts: the latency of one,
//! the events per second, the memory of an idle connection, the cost of a handler.
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt, future};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::process::PROGRAM;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const SPEC: &str = "version: 1
stack: flow
region: us-east-1
apis:
  flow:
    auth: { providers: [API_KEY] }
    apiKeys: { bench: {} }
    namespaces:
      plain: {}
      echo:
        handlers:
          inline: |
            export function onPublish(ctx) {
              return ctx.events.filter((it) => it.payload.n >= 0)
            }
";
const EVENT: &str =
    r#"{"n":1,"text":"an event as people send them, of about a hundred bytes, to all who listen"}"#;
/// Idle connections, of which each is measured by its share.
const IDLE: usize = 10_000;

pub fn flow() {
    let nofile = rustix::process::Resource::Nofile;
    let rustix::process::Rlimit { maximum, .. } = rustix::process::getrlimit(nofile);
    let limit = rustix::process::Rlimit { current: maximum, maximum };
    let _ = rustix::process::setrlimit(nofile, limit);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        println!("\n{:<44} {:>12} {:>12} {:>7}", "events", "takes", "broadcast", "ratio");
        let (emulator, bare) = (Server::emulator(), Server::bare());
        let one = |server: &'static str| format!("1 to 1, {server}");
        let (mut took, mut base) = (Vec::new(), Vec::new());
        let (mut us, mut them) =
            (emulator.listeners(1, "plain").await, bare.listeners(1, "plain").await);
        for _ in 0..1_000 {
            base.push(bare.round("plain", 1, &mut them).await);
            took.push(emulator.round("plain", 1, &mut us).await);
        }
        line(&one("half of them faster"), median(&mut took), median(&mut base));
        for (name, publishers, listeners, rounds) in
            [("1 to 1,000", 1, 1_000, 60), ("100 to 100", 100, 100, 30)]
        {
            let mut us = emulator.listeners(listeners, "plain").await;
            let mut them = bare.listeners(listeners, "plain").await;
            let (mut took, mut base) = (Duration::MAX, Duration::MAX);
            for _ in 0..rounds {
                base = base.min(bare.round("plain", publishers, &mut them).await);
                took = took.min(emulator.round("plain", publishers, &mut us).await);
            }
            line(name, took, base);
        }
        let mut plain = emulator.listeners(1, "plain").await;
        let mut echo = emulator.listeners(1, "echo").await;
        let (mut took, mut base) = (Duration::MAX, Duration::MAX);
        for _ in 0..30 {
            base = base.min(emulator.round("plain", 32, &mut plain).await);
            took = took.min(emulator.round("echo", 32, &mut echo).await);
        }
        line("32 publishes with a handler, beside without", took, base);
        println!("{:<44} {:>10.0}/s", "handler calls", 32.0 / took.as_secs_f64());
        drop((us, them, plain, echo));
        let (mine, theirs) = (emulator.idle().await, bare.idle().await);
        println!(
            "{:<44} {mine:>9.1} kB {theirs:>9.1} kB {:>7.2}",
            format!("an idle connection, of {IDLE}"),
            mine / theirs
        );
    });
}

fn line(name: &str, took: Duration, base: Duration) {
    let us = |duration: Duration| duration.as_secs_f64() * 1e6;
    // The share of what a bare server does that is done.
    let ratio = base.as_secs_f64() / took.as_secs_f64();
    println!("{name:<44} {:>9.0} µs {:>9.0} µs {ratio:>7.2}", us(took), us(base));
}

fn median(all: &mut [Duration]) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

struct Server {
    process: Child,
    url: String,
    /// Of an Event API; None of the bare one.
    key: Option<String>,
    api: String,
    client: Client<HttpConnector, Full<Bytes>>,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    fn emulator() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spec.yaml"), SPEC).unwrap();
        let run = |arguments: &[&str]| {
            let done = Command::new(PROGRAM).args(arguments).current_dir(folder.path()).output();
            let done = done.unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8(done.stdout).unwrap().trim().to_owned()
        };
        run(&["apply", "spec.yaml", "--local", "--yes"]);
        let api = run(&["outputs", "spec.yaml", "--local", "--query", "apis.flow.id"]);
        let key = "apis.flow.apiKeys.bench.value";
        let key = run(&["outputs", "spec.yaml", "--local", "--reveal", "--query", key]);
        let mut command = Command::new(PROGRAM);
        command.args(["local", "--port", "0"]).current_dir(folder.path());
        Self::started(command, Some(key), api, folder)
    }

    fn bare() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("bare");
        Self::started(command, None, String::new(), tempfile::tempdir().unwrap())
    }

    fn started(mut command: Command, key: Option<String>, api: String, folder: TempDir) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { process, url: url.trim().to_owned(), key, api, client, _folder: folder }
    }

    async fn listeners(&self, count: usize, namespace: &str) -> Vec<Socket> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.listener(Some(namespace)).await);
        }
        all
    }

    /// A connection; it has subscribed where a namespace is named.
    async fn listener(&self, namespace: Option<&str>) -> Socket {
        let url = self.url.replace("http", "ws");
        let Some(key) = &self.key else {
            let (mut socket, _) =
                connect_async(format!("{url}/realtime/{}", namespace.unwrap_or("idle")))
                    .await
                    .unwrap();
            socket.next().await.unwrap().unwrap();
            return socket;
        };
        let url = format!("{url}/apis/{}/event/realtime", self.api);
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "aws-appsync-event-ws".parse().unwrap());
        headers.insert("x-api-key", key.parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        let Some(namespace) = namespace else { return socket };
        let subscribe = serde_json::json!({
            "type": "subscribe", "id": "1", "channel": format!("/{namespace}/bench"),
            "authorization": { "x-api-key": key },
        });
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(answer.contains("subscribe_success"), "{answer}");
        socket
    }

    /// Until every listener has what each of the publishers publishes.
    async fn round(
        &self,
        namespace: &str,
        publishers: usize,
        listeners: &mut [Socket],
    ) -> Duration {
        let start = Instant::now();
        let publish = future::join_all((0..publishers).map(|_| self.publish(namespace)));
        let listen = async {
            for socket in listeners {
                for _ in 0..publishers {
                    socket.next().await.unwrap().unwrap();
                }
            }
        };
        future::join(publish, listen).await;
        start.elapsed()
    }

    async fn publish(&self, namespace: &str) {
        let mut request = hyper::Request::post(match &self.key {
            Some(_) => format!("{}/apis/{}/event", self.url, self.api),
            None => format!("{}/publish/{namespace}", self.url),
        });
        let body = match &self.key {
            Some(key) => {
                request = request.header("x-api-key", key);
                let channel = format!("/{namespace}/bench");
                serde_json::json!({ "channel": channel, "events": [EVENT] }).to_string()
            }
            None => EVENT.to_owned(),
        };
        let answer = self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.into_body().collect().await.unwrap();
    }

    /// What one of many idle connections adds to the server's memory, in kB.
    async fn idle(&self) -> f64 {
        let before = self.resident_kb();
        let mut held = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            held.push(self.listener(None).await);
        }
        (self.resident_kb() - before) / IDLE as f64
    }

    fn resident_kb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
