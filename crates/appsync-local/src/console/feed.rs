//! Activity as server-sent events for a browser.
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

/// How often a browser hears that its connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What comes first: how soon to try again once the connection is lost, in milliseconds.
const RETRY_FIELD: &str = "retry: 500\n\n";

struct FeedStream {
    plane: Arc<DataPlane>,
    activities: broadcast::Receiver<Activity>,
    changes: watch::Receiver<()>,
    is_started: bool,
}

/// `happening`: one of the data plane's. `changed`: an API may have, or the clock. `missed`: so many were lost.
pub fn feed(plane: &Arc<DataPlane>) -> Response<Body> {
    let (happenings, changes) = (plane.feed.watch(), plane.store.changes());
    let watching =
        FeedStream { plane: Arc::clone(plane), activities: happenings, changes, is_started: false };
    let told = stream::unfold(watching, async |mut it| {
        let text = it.next().await?;
        Some((Ok::<_, Infallible>(text), it))
    });
    let mut response = Response::new(Body::from_stream(told));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

impl FeedStream {
    /// Nothing once the service ends.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.is_started, true) {
            return Some(RETRY_FIELD.to_owned());
        }
        tokio::select! {
            () = self.plane.store.closed() => None,
            happening = self.activities.recv() => match happening {
                Ok(happening) => Some(event("happening", &json!(happening).to_string())),
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
