//! The activity feed of the data plane, and how connections are closed when the emulator stops.
use std::sync::Arc;

use appsync_local::{Activity, ActivityFeed, DataPlane, Settings, serve};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::client_async;

use crate::guard::unless_it_hangs;
use crate::plane::{Plane, SUBPROTOCOL, Socket, data};

/// A second data plane for the store of `plane`, which a test can stop.
struct WatchedPlane {
    served: Arc<DataPlane>,
    listener: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    service: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl WatchedPlane {
    async fn start(plane: &Plane) -> Self {
        let served = DataPlane::new(Arc::clone(&plane.faulty.store), Settings::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stop_request) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stop_request.await;
        };
        let service = tokio::spawn(serve(vec![listener], Arc::clone(&served), None, shutdown));
        Self { served, listener: address, stop, service }
    }
    async fn connect(&self, plane: &Plane, key: &str) -> Socket<TcpStream> {
        let request = plane.upgrade(Some(SUBPROTOCOL), &[("x-api-key", key)]);
        let stream = TcpStream::connect(self.listener).await.unwrap();
        Socket { stream: client_async(request, stream).await.unwrap().0 }
    }
}

/// Waits for the next activity, and returns it as JSON.
async fn next(feed_events: &mut tokio::sync::broadcast::Receiver<Activity>) -> Value {
    let activity = unless_it_hangs(feed_events.recv()).await.unwrap();
    serde_json::to_value(activity).unwrap()
}

#[tokio::test]
async fn the_feed_reports_all_activity_and_no_credential() {
    let plane = Plane::start().await;
    let watched_plane = WatchedPlane::start(&plane).await;
    let feed: &ActivityFeed = &watched_plane.served.feed;
    let mut feed_events = feed.watch();
    let api = &plane.api;
    let mut denied = watched_plane.connect(&plane, "da2-wrong").await;
    denied.text().await;
    let activity = next(&mut feed_events).await;
    let why = format!("{}", activity["why"]);
    assert_eq!(
        (&activity["happened"], &activity["operation"]),
        (&json!("refused"), &json!("connect"))
    );
    assert!(why.contains("no such API key") && !why.contains("da2-wrong"), "{why}");
    let mut socket = watched_plane.connect(&plane, &plane.key).await;
    socket.subscribe(&plane, "s", "default/*").await;
    socket.send(&plane.publish_message("p", "/default/a", &["{\"n\":1}", "2"])).await;
    assert_eq!(socket.text().await, data("s", "{\"n\":1}"));
    socket.text().await;
    socket.text().await;
    socket.ask(&plane.publish_message("p", "/none/a", &["1"])).await;
    socket.ask("{").await;
    let shown = serde_json::to_value(watched_plane.served.connections()).unwrap();
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
        let mut activity = next(&mut feed_events).await;
        if activity["why"].as_str().is_some_and(|text| text.starts_with(unknown)) {
            activity["why"] = json!(unknown);
        }
        assert_eq!(activity, expected);
    }
}

#[tokio::test]
async fn connections_are_closed_cleanly_when_the_emulator_stops() {
    let plane = Plane::start().await;
    let watched_plane = WatchedPlane::start(&plane).await;
    let mut socket = watched_plane.connect(&plane, &plane.key).await;
    socket.expect_no_message().await;
    let mut feed_events = watched_plane.served.feed.watch();
    watched_plane.stop.send(()).unwrap();
    assert_eq!(socket.close_code().await, 1_000);
    assert!(socket.message().await.is_none());
    assert_eq!(next(&mut feed_events).await["why"], "the emulator stops");
    unless_it_hangs(watched_plane.service).await.unwrap().unwrap();
}
