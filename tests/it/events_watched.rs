//! What is told of the data plane to whoever watches, and how it ends with its service.
use std::sync::Arc;

use appsync_local::{Activity, ActivityFeed, DataPlane, Settings, serve};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::client_async;

use crate::guard::unless_it_hangs;
use crate::plane::{Plane, SUBPROTOCOL, Socket, data};

/// A data plane beside the one of `plane`, whose service ends when it is told to.
struct Watched {
    served: Arc<DataPlane>,
    listener: std::net::SocketAddr,
    end: oneshot::Sender<()>,
    service: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Watched {
    async fn start(plane: &Plane) -> Self {
        let served = DataPlane::new(Arc::clone(&plane.faulty.store), Settings::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = ended.await;
        };
        let service = tokio::spawn(serve(vec![listener], Arc::clone(&served), None, shutdown));
        Self { served, listener: address, end, service }
    }
    async fn connect(&self, plane: &Plane, key: &str) -> Socket<TcpStream> {
        let request = plane.upgrade(Some(SUBPROTOCOL), &[("x-api-key", key)]);
        let stream = TcpStream::connect(self.listener).await.unwrap();
        Socket { stream: client_async(request, stream).await.unwrap().0 }
    }
}

/// What happens next, as JSON.
async fn next(watching: &mut tokio::sync::broadcast::Receiver<Activity>) -> Value {
    let happening = unless_it_hangs(watching.recv()).await.unwrap();
    serde_json::to_value(happening).unwrap()
}

#[tokio::test]
async fn who_watches_is_told_of_all_that_happens_and_of_no_credential() {
    let plane = Plane::start().await;
    let watched = Watched::start(&plane).await;
    let feed: &ActivityFeed = &watched.served.feed;
    let mut watching = feed.watch();
    let api = &plane.api;
    let mut refused = watched.connect(&plane, "da2-wrong").await;
    refused.text().await;
    let told = next(&mut watching).await;
    let why = format!("{}", told["why"]);
    assert_eq!((&told["happened"], &told["operation"]), (&json!("refused"), &json!("connect")));
    assert!(why.contains("no such API key") && !why.contains("da2-wrong"), "{why}");
    let mut socket = watched.connect(&plane, &plane.key).await;
    socket.subscribe(&plane, "s", "default/*").await;
    socket.send(&plane.publishing("p", "/default/a", &["{\"n\":1}", "2"])).await;
    assert_eq!(socket.text().await, data("s", "{\"n\":1}"));
    socket.text().await;
    socket.text().await;
    socket.ask(&plane.publishing("p", "/none/a", &["1"])).await;
    socket.ask("{").await;
    let shown = serde_json::to_value(watched.served.connections()).unwrap();
    let since = &shown[0]["sinceEpochS"];
    assert_eq!(
        shown,
        json!([{ "apiId": api, "connection": 1, "mode": "API_KEY", "sinceEpochS": since, "subscriptions": [{ "id": "s", "channel": "/default/*" }] }])
    );
    socket.ask(r#"{"type":"unsubscribe","id":"s"}"#).await;
    drop(socket);
    let unknown = "the API has no channel namespace";
    for expected in [
        json!({ "happened": "connected", "apiId": api, "connection": 1, "mode": "API_KEY" }),
        json!({ "happened": "subscribed", "apiId": api, "connection": 1, "id": "s", "channel": "/default/*", "mode": "API_KEY" }),
        json!({ "happened": "published", "apiId": api, "channel": "/default/a", "mode": "API_KEY", "over": "websocket", "events": [{ "n": 1 }, 2], "failed": 0, "failures": [], "dropped": 0, "receivers": 1 }),
        json!({ "happened": "refused", "apiId": api, "operation": "publish", "channel": "/none/a", "errorType": "UnauthorizedException", "message": null, "why": unknown }),
        json!({ "happened": "refused", "apiId": api, "operation": "message", "channel": null, "errorType": "BadRequestException", "message": "The message is not a JSON object", "why": null }),
        json!({ "happened": "unsubscribed", "apiId": api, "connection": 1, "id": "s", "channel": "/default/*" }),
        json!({ "happened": "disconnected", "apiId": api, "connection": 1, "why": "the client disconnected" }),
    ] {
        let mut told = next(&mut watching).await;
        if told["why"].as_str().is_some_and(|text| text.starts_with(unknown)) {
            told["why"] = json!(unknown);
        }
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn connections_are_closed_in_order_when_the_service_ends() {
    let plane = Plane::start().await;
    let watched = Watched::start(&plane).await;
    let mut socket = watched.connect(&plane, &plane.key).await;
    socket.is_quiet().await;
    let mut watching = watched.served.feed.watch();
    watched.end.send(()).unwrap();
    assert_eq!(socket.closed().await, 1_000);
    assert!(socket.message().await.is_none());
    assert_eq!(next(&mut watching).await["why"], "the emulator stops");
    unless_it_hangs(watched.service).await.unwrap().unwrap();
}
