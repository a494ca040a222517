//! A small Event API that follows a test's script. It checks nothing and records all requests and frames.
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

type Responder = dyn Fn(usize, &Value) -> (u16, Value) + Send + Sync;
type ConnectionScript =
    dyn Fn(usize, Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Serves until it is dropped.
pub struct EventServer {
    pub url: String,
    received: Log,
    task: JoinHandle<()>,
}

/// What was sent to a server, in order. A watch channel, so that tests can wait for more.
type Log = Arc<watch::Sender<Vec<Value>>>;

impl Drop for EventServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl EventServer {
    /// The bodies of requests, the frames and the close codes that were sent to it, in order.
    pub fn received(&self) -> Vec<Value> {
        self.received.borrow().clone()
    }
    /// The frames of this type that were sent to it.
    pub fn received_of(&self, kind: &str) -> Vec<Value> {
        self.received().into_iter().filter(|received| received["type"] == kind).collect()
    }
    /// Waits for the first close frame, and returns its code. A client may exit before the server has read it.
    pub async fn close_code(&self) -> Value {
        let mut received = self.received.subscribe();
        let is_close = |value: &&Value| value["type"] == "close";
        let received = received.wait_for(|items| items.iter().any(|item| is_close(&item)));
        let received = unless_it_hangs(received).await.unwrap();
        received.iter().find(is_close).unwrap()["code"].clone()
    }
}

#[derive(Clone)]
struct Script {
    responder: Arc<Responder>,
    connection_script: Arc<ConnectionScript>,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    received: Log,
}

/// Serves responses to publish requests; the first argument is the number of the request, from 0.
pub async fn serve_responses(
    responder: impl Fn(usize, &Value) -> (u16, Value) + Send + Sync + 'static,
) -> EventServer {
    serve(Arc::new(responder), Arc::new(|_, _| Box::pin(async {}))).await
}

/// Serves WebSocket connections; the first argument is the number of the connection, from 0.
pub async fn serve_connections<F>(
    connection_script: impl Fn(usize, Connection) -> F + Send + Sync + 'static,
) -> EventServer
where
    F: Future<Output = ()> + Send + 'static,
{
    let connection_script: Arc<ConnectionScript> =
        Arc::new(move |n, connection| Box::pin(connection_script(n, connection)));
    serve(Arc::new(|_, _| (404, json!({}))), connection_script).await
}

async fn serve(responder: Arc<Responder>, connection_script: Arc<ConnectionScript>) -> EventServer {
    let received = Log::default();
    let (requests, connections) = Default::default();
    let script =
        Script { responder, connection_script, requests, connections, received: received.clone() };
    let router = axum::Router::new()
        .route("/event", post(request))
        .route("/event/realtime", any(connection))
        .with_state(script);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/event", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    EventServer { url, received, task }
}

async fn request(
    State(script): State<Script>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let body: Value = serde_json::from_str(&body).unwrap();
    let n = script.requests.fetch_add(1, Ordering::SeqCst);
    let (status, answer) = (script.responder)(n, &body);
    let mut received = body;
    for name in ["x-api-key", "authorization", "host"] {
        if let Some(value) = headers.get(name) {
            received[name] = json!(value.to_str().unwrap());
        }
    }
    script.received.send_modify(|items| items.push(received));
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

async fn connection(State(script): State<Script>, upgrade: WebSocketUpgrade) -> Response {
    let n = script.connections.fetch_add(1, Ordering::SeqCst);
    let upgrade = upgrade.protocols(["aws-appsync-event-ws"]);
    upgrade.on_upgrade(move |socket| {
        (script.connection_script)(n, Connection { socket, received: script.received })
    })
}

/// The server's end of a connection.
pub struct Connection {
    socket: WebSocket,
    received: Log,
}

impl Connection {
    /// Sends a frame. Errors are ignored: the client may be gone.
    pub async fn send(&mut self, frame: Value) {
        let _ = self.socket.send(Message::text(frame.to_string())).await;
    }
    /// Returns the next frame, or `None` after the client has closed.
    pub async fn receive(&mut self) -> Option<Value> {
        loop {
            let frame = match self.socket.recv().await?.ok()? {
                Message::Text(text) => serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => {
                    let code = frame.map_or(0, |frame| frame.code);
                    let close = json!({ "type": "close", "code": code });
                    self.received.send_modify(|items| items.push(close));
                    return None;
                }
                _ => continue,
            };
            let frame: Value = frame;
            self.received.send_modify(|items| items.push(frame.clone()));
            return Some(frame);
        }
    }
    /// Accepts the connection, with this keep-alive timeout.
    pub async fn acknowledge(&mut self, timeout_ms: u64) {
        assert_eq!(self.receive().await.unwrap()["type"], "connection_init");
        self.send(json!({ "type": "connection_ack", "connectionTimeoutMs": timeout_ms })).await;
    }
    /// Accepts a subscription, and returns its id.
    pub async fn accept(&mut self) -> String {
        let frame = self.receive().await.unwrap();
        assert_eq!(frame["type"], "subscribe");
        self.send(json!({ "type": "subscribe_success", "id": frame["id"] })).await;
        frame["id"].as_str().unwrap().to_owned()
    }
    pub async fn event(&mut self, id: &str, event: &Value) {
        self.send(json!({ "type": "data", "id": id, "event": event.to_string() })).await;
    }
    /// Responds to every frame with success until the client closes.
    pub async fn respond_until_closed(&mut self) {
        while let Some(frame) = self.receive().await {
            let kind = format!("{}_success", frame["type"].as_str().unwrap());
            self.send(json!({ "type": kind, "id": frame["id"] })).await;
        }
    }
    /// Closes the connection as AWS does: always with the code 1000.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: 1000, reason: "".into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        while self.socket.recv().await.is_some_and(|result| result.is_ok()) {}
    }
}
