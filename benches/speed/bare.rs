//! The baseline of the events benchmark: a server that only broadcasts, on the same WebSocket library.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{any, post};
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

type Channels = Arc<Mutex<HashMap<String, Vec<UnboundedSender<Utf8Bytes>>>>>;

/// Serves until it is killed, on a port that it prints.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/realtime/{channel}", any(subscribe))
            .route("/publish/{channel}", post(publish))
            .with_state(Channels::default());
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

async fn subscribe(
    State(channels): State<Channels>,
    Path(channel): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(|socket| listen(socket, channels, channel))
}

async fn listen(socket: WebSocket, channels: Channels, channel: String) {
    let (sender, mut events) = unbounded_channel();
    channels.lock().unwrap().entry(channel).or_default().push(sender);
    let (mut out, mut input) = socket.split();
    // A subscription is confirmed, as in every protocol.
    out.send(Message::text("subscribed")).await.unwrap();
    loop {
        tokio::select! {
            Some(event) = events.recv() => {
                if out.send(Message::Text(event)).await.is_err() {
                    return;
                }
            }
            frame = input.next() => if !matches!(frame, Some(Ok(_))) { return },
        }
    }
}

async fn publish(State(channels): State<Channels>, Path(channel): Path<String>, event: Bytes) {
    let event = Utf8Bytes::try_from(event).unwrap();
    for subscriber in channels.lock().unwrap().get(&channel).into_iter().flatten() {
        let _ = subscriber.send(event.clone());
    }
}
