//! Sends activities to a browser as server-sent events.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response};
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::data_plane::{Activity, DataPlane};

/// The interval of comments that keep the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The first text: after how many milliseconds a browser reconnects when the connection is lost.
const RETRY_FIELD: &str = "retry: 500\n\n";

/// The stream of events for one browser.
struct FeedStream {
    plane: Arc<DataPlane>,
    activities: broadcast::Receiver<Activity>,
    changes: watch::Receiver<()>,
    is_started: bool,
}

/// Streams the events `happening` (an activity), `changed` (an API or the clock may have changed) and `missed` (the
/// number of lost activities).
pub fn feed(plane: &Arc<DataPlane>) -> Response<Body> {
    let (activities, changes) = (plane.feed.watch(), plane.store.changes());
    let feed_stream =
        FeedStream { plane: Arc::clone(plane), activities, changes, is_started: false };
    let chunks = stream::unfold(feed_stream, async |mut stream| {
        let text = stream.next().await?;
        Some((Ok::<_, Infallible>(text), stream))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

impl FeedStream {
    /// Returns the next text, or `None` when the service stops.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.is_started, true) {
            return Some(RETRY_FIELD.to_owned());
        }
        tokio::select! {
            () = self.plane.store.closed() => None,
            activity = self.activities.recv() => match activity {
                Ok(activity) => Some(event("happening", &json!(activity).to_string())),
                Err(RecvError::Lagged(missed)) => Some(event("missed", &missed.to_string())),
                Err(RecvError::Closed) => None,
            },
            changed = self.changes.changed() => changed.is_ok().then(|| event("changed", "{}")),
            () = tokio::time::sleep(KEEP_ALIVE) => Some(": here\n\n".to_owned()),
        }
    }
}

/// JSON has no line breaks, so one line is enough.
fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
