//! A small Event API that does what a test tells it, odd things included. It checks nothing and remembers everything.
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{any, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::guard::unless_it_hangs;

type Answering = dyn Fn(usize, &Value) -> (u16, Value) + Send + Sync;
type Talking = dyn Fn(usize, Talk) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Serves until it is dropped.
pub struct EventServer {
    pub url: String,
    heard: Heard,
    task: JoinHandle<()>,
}

/// What was sent to a server, in order. Whoever waits for more is woken.
type Heard = Arc<watch::Sender<Vec<Value>>>;

impl Drop for EventServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl EventServer {
    /// What was sent to it, in order: bodies of requests and frames; a farewell as its code.
    pub fn heard(&self) -> Vec<Value> {
        self.heard.borrow().clone()
    }
    /// What was sent of this type.
    pub fn heard_of(&self, kind: &str) -> Vec<Value> {
        self.heard().into_iter().filter(|heard| heard["type"] == kind).collect()
    }
    /// The code of the first farewell. A client that has taken leave may have ended before the server has read it.
    pub async fn farewell(&self) -> Value {
        let mut heard = self.heard.subscribe();
        let is_farewell = |value: &&Value| value["type"] == "farewell";
        let heard = heard.wait_for(|items| items.iter().any(|item| is_farewell(&item)));
        let heard = unless_it_hangs(heard).await.unwrap();
        heard.iter().find(is_farewell).unwrap()["code"].clone()
    }
}

#[derive(Clone)]
struct Script {
    answering: Arc<Answering>,
    talking: Arc<Talking>,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    heard: Heard,
}

/// Answers the `n`th request, from 0.
pub async fn answers(
    answering: impl Fn(usize, &Value) -> (u16, Value) + Send + Sync + 'static,
) -> EventServer {
    serve(Arc::new(answering), Arc::new(|_, _| Box::pin(async {}))).await
}

/// Talks on the `n`th connection, from 0.
pub async fn talks<F>(talking: impl Fn(usize, Talk) -> F + Send + Sync + 'static) -> EventServer
where
    F: Future<Output = ()> + Send + 'static,
{
    let talking: Arc<Talking> = Arc::new(move |n, talk| Box::pin(talking(n, talk)));
    serve(Arc::new(|_, _| (404, json!({}))), talking).await
}

async fn serve(answering: Arc<Answering>, talking: Arc<Talking>) -> EventServer {
    let heard = Heard::default();
    let (requests, connections) = Default::default();
    let script = Script { answering, talking, requests, connections, heard: heard.clone() };
    let router = axum::Router::new()
        .route("/event", post(request))
        .route("/event/realtime", any(connection))
        .with_state(script);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/event", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    EventServer { url, heard, task }
}

async fn request(
    State(script): State<Script>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let body: Value = serde_json::from_str(&body).unwrap();
    let n = script.requests.fetch_add(1, Ordering::SeqCst);
    let (status, answer) = (script.answering)(n, &body);
    let mut heard = body;
    for name in ["x-api-key", "authorization", "host"] {
        if let Some(value) = headers.get(name) {
            heard[name] = json!(value.to_str().unwrap());
        }
    }
    script.heard.send_modify(|items| items.push(heard));
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

async fn connection(State(script): State<Script>, upgrade: WebSocketUpgrade) -> Response {
    let n = script.connections.fetch_add(1, Ordering::SeqCst);
    let upgrade = upgrade.protocols(["aws-appsync-event-ws"]);
    upgrade.on_upgrade(move |socket| (script.talking)(n, Talk { socket, heard: script.heard }))
}

/// One connection, as the server has it.
pub struct Talk {
    socket: WebSocket,
    heard: Heard,
}

impl Talk {
    /// Sends a frame; whether anybody receives it is not of interest.
    pub async fn say(&mut self, frame: Value) {
        let _ = self.socket.send(Message::text(frame.to_string())).await;
    }
    /// The next frame; none once the client has gone.
    pub async fn hear(&mut self) -> Option<Value> {
        loop {
            let frame = match self.socket.recv().await?.ok()? {
                Message::Text(text) => serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => {
                    let code = frame.map_or(0, |frame| frame.code);
                    let farewell = json!({ "type": "farewell", "code": code });
                    self.heard.send_modify(|items| items.push(farewell));
                    return None;
                }
                _ => continue,
            };
            let frame: Value = frame;
            self.heard.send_modify(|items| items.push(frame.clone()));
            return Some(frame);
        }
    }
    /// Lets the client in; it says itself how soon it wants a sign of life.
    pub async fn authorized(&mut self, timeout_ms: u64) {
        assert_eq!(self.hear().await.unwrap()["type"], "connection_init");
        self.say(json!({ "type": "connection_ack", "connectionTimeoutMs": timeout_ms })).await;
    }
    /// Accepts a subscription, and returns its id.
    pub async fn accept(&mut self) -> String {
        let frame = self.hear().await.unwrap();
        assert_eq!(frame["type"], "subscribe");
        self.say(json!({ "type": "subscribe_success", "id": frame["id"] })).await;
        frame["id"].as_str().unwrap().to_owned()
    }
    pub async fn event(&mut self, id: &str, event: &Value) {
        self.say(json!({ "type": "data", "id": id, "event": event.to_string() })).await;
    }
    /// Answers what comes until the client goes.
    pub async fn linger(&mut self) {
        while let Some(frame) = self.hear().await {
            let kind = format!("{}_success", frame["type"].as_str().unwrap());
            self.say(json!({ "type": kind, "id": frame["id"] })).await;
        }
    }
    /// Ends the connection as AWS does, whatever the reason.
    pub async fn end(mut self) {
        let frame = CloseFrame { code: 1000, reason: "".into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        while self.socket.recv().await.is_some_and(|result| result.is_ok()) {}
    }
}
