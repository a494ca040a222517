//! The activity of the data plane, for `provision dev` and the console. It contains no credentials, and a
//! watcher that is too slow loses activities; it never slows down clients.
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::data_plane::error::HandlerLocation;
use crate::json::approximate_size;

/// Activities that are buffered for a slow watcher. A watcher with more loses the oldest.
const BUFFER_MAX: usize = 512;
/// Bytes that are kept of an event or a log line, since activities are buffered for slow watchers.
const SHOWN_MAX: usize = 64 * 1024;
/// Bytes that are kept of a client's text, such as an invalid channel.
const CLIENT_TEXT_MAX: usize = 4 * 1024;

/// One activity on the data plane. It contains no credentials.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "happened", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Activity {
    /// A client connected.
    Connected {
        /// The API.
        api_id: String,
        /// The number of the connection.
        connection: u64,
        /// The auth mode.
        mode: String,
    },
    /// A connection was closed.
    Disconnected {
        /// The API.
        api_id: String,
        /// The number of the connection.
        connection: u64,
        /// The reason, for people.
        why: &'static str,
    },
    /// A client subscribed to a channel.
    Subscribed {
        /// The API.
        api_id: String,
        /// The number of the connection.
        connection: u64,
        /// The client's operation id.
        id: String,
        /// The channel, perhaps with a wildcard.
        channel: String,
        /// The auth mode.
        mode: String,
    },
    /// A subscription was removed, by the client or with its connection.
    Unsubscribed {
        /// The API.
        api_id: String,
        /// The number of the connection.
        connection: u64,
        /// The client's operation id.
        id: String,
        /// The channel, perhaps with a wildcard.
        channel: String,
    },
    /// A publish was accepted.
    Published {
        /// The API.
        api_id: String,
        /// The channel.
        channel: String,
        /// The auth mode.
        mode: String,
        /// `http`, `websocket` or `console`.
        over: &'static str,
        /// The broadcast events, as JSON.
        events: Vec<Value>,
        /// The number of failed events.
        failed: usize,
        /// The errors of failed events, as the publisher receives them.
        failures: Vec<EventFailure>,
        /// The number of events that a handler dropped.
        dropped: usize,
        /// The number of subscriptions that received an event.
        receivers: usize,
    },
    /// An operation was rejected.
    #[serde(rename = "refused")]
    Rejected {
        /// The API.
        api_id: String,
        /// `connect`, `subscribe`, `publish` or `message`.
        operation: &'static str,
        /// The channel, as the client sent it.
        channel: Option<String>,
        /// The type of the error, as the client receives it.
        error_type: String,
        /// The message of the error, as the client receives it.
        message: Option<String>,
        /// The reason, which AWS does not reveal.
        why: Option<String>,
        /// The handler that rejected the operation, or failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<HandlerLocation>,
    },
    /// A handler logged a line.
    Logged {
        /// The API.
        api_id: String,
        /// The channel namespace.
        namespace: String,
        /// `onPublish` or `onSubscribe`.
        handler: &'static str,
        /// `INFO`, `WARN`, `ERROR` or `DEBUG`.
        level: &'static str,
        /// The line, without secrets.
        text: String,
    },
}

/// Why one event of a publish failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventFailure {
    /// The index of the event in the publish.
    pub index: usize,
    /// The message that the publisher receives.
    pub message: String,
}

/// Returns the part of a client's text that is shown.
pub fn clip_client_text(text: &str) -> String {
    clip(text, CLIENT_TEXT_MAX)
}

/// Returns the part of a log line that is shown.
pub fn clip_log_line(text: &str) -> String {
    clip(text, SHOWN_MAX)
}

/// Returns an event as JSON; or as text, if it is nested too deeply or takes too much memory.
pub fn event_value(text: &str) -> Value {
    let value =
        serde_json::from_str(text).ok().filter(|value| approximate_size(value) <= SHOWN_MAX);
    value.unwrap_or_else(|| Value::String(clip(text, SHOWN_MAX)))
}

fn clip(text: &str, max: usize) -> String {
    match text.len() <= max {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(max)]),
    }
}

/// Distributes activities to watchers. Without watchers, emitting costs nothing.
#[derive(Clone, Debug)]
pub struct ActivityFeed {
    sender: broadcast::Sender<Activity>,
}

impl ActivityFeed {
    /// Creates a feed without watchers.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BUFFER_MAX) }
    }
    /// Emits an activity. The closure is called only if there is a watcher.
    pub(crate) fn emit(&self, activity: impl FnOnce() -> Activity) {
        if self.sender.receiver_count() > 0 {
            // If the last watcher disconnected in between, nothing is lost.
            let _ = self.sender.send(activity());
        }
    }
    /// Starts to watch: the receiver gets all later activities.
    pub fn watch(&self) -> broadcast::Receiver<Activity> {
        self.sender.subscribe()
    }
}

impl Default for ActivityFeed {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_large_events_and_texts_is_shown() {
        assert_eq!(event_value("{\"a\":[1]}"), serde_json::json!({ "a": [1] }));
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        assert_eq!(event_value(&deep), Value::String(deep));
        let wide = format!("[{}1]", "1,".repeat(SHOWN_MAX / 4));
        assert_eq!(event_value(&wide), Value::String(wide));
        let long = format!("\"{}\"", "é".repeat(SHOWN_MAX));
        let shown = event_value(&long);
        let shown = shown.as_str().unwrap();
        assert!(shown.ends_with("é…") && shown.len() <= SHOWN_MAX + 3);
        assert_eq!(
            clip_client_text(&"x".repeat(CLIENT_TEXT_MAX + 1)).chars().count(),
            CLIENT_TEXT_MAX + 1
        );
        assert_eq!(clip_client_text(&"x".repeat(CLIENT_TEXT_MAX)).len(), CLIENT_TEXT_MAX);
    }
}
