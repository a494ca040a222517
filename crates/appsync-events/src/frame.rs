//! What goes over the wire (docs/reference/data-plane.md#publishing-over-http,
//! docs/reference/data-plane.md#messages), read leniently and written as Amplify writes it.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::Error;

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishResponse {
    #[serde(default)]
    pub successful: Vec<AcceptedEvent>,
    #[serde(default)]
    pub failed: Vec<RejectedEvent>,
}

/// An event that AppSync took; whether a handler dropped it later does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedEvent {
    /// AppSync's name for the event, in its logs.
    #[serde(default)]
    pub identifier: String,
    /// Its place among those that were sent.
    pub index: usize,
}

/// An event that AppSync or a handler refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedEvent {
    #[serde(default)]
    pub identifier: String,
    pub index: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A document with errors in it: an answer over HTTP, or a frame.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDocument {
    #[serde(default)]
    errors: Vec<ErrorEntry>,
    /// GraphQL's way to say it, which AppSync has for what comes before the protocol is chosen.
    #[serde(default)]
    payload: Option<Value>,
    /// A gateway's own way.
    #[serde(default, alias = "Message")]
    message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry {
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// The first error that an answer names.
pub fn error(operation: &'static str, answer: &Value) -> Error {
    let read = ErrorDocument::deserialize(answer).unwrap_or_default();
    let payload = read.payload.and_then(|it| ErrorDocument::deserialize(it).ok());
    let further = payload.map(|it| it.errors).unwrap_or_default();
    let told = read.errors.into_iter().chain(further).next().unwrap_or_default();
    let message = told.message.or(read.message).unwrap_or_default();
    Error::answered(operation, &told.error_type.unwrap_or_default(), &message)
}

/// A frame of the server's.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    Ack {
        timeout_ms: Option<u64>,
    },
    KeepAlive,
    /// One event, or several where a server sends them as the guide prints it.
    Data {
        id: String,
        events: Vec<String>,
    },
    /// An answer to what was sent under this id, or to the connection.
    Answer {
        kind: String,
        id: String,
        whole: Value,
    },
}

impl ServerFrame {
    /// Reads a frame; `None`: it is none.
    pub fn read(text: &str) -> Option<Self> {
        let whole: Value = serde_json::from_str(text).ok()?;
        let kind = whole.get("type")?.as_str()?.to_owned();
        let id = whole.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(match kind.as_str() {
            "connection_ack" => {
                Self::Ack { timeout_ms: whole.get("connectionTimeoutMs").and_then(Value::as_u64) }
            }
            "ka" => Self::KeepAlive,
            "data" => Self::Data { id, events: events(whole.get("event")?) },
            _ => Self::Answer { kind, id, whole },
        })
    }
}

/// The JSON texts of the events. AppSync sends one as a string; its guide prints a list of strings.
fn events(event: &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    match event {
        Value::Array(several) => several.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

pub fn init() -> String {
    json!({ "type": "connection_init" }).to_string()
}

pub fn subscribe(id: &str, channel: &str, authorization: Map<String, Value>) -> String {
    let frame = json!({ "type": "subscribe", "id": id, "channel": channel, "authorization": authorization });
    frame.to_string()
}

pub fn publish(
    id: &str,
    channel: &str,
    events: &[String],
    authorization: Map<String, Value>,
) -> String {
    let frame = json!({
        "type": "publish", "id": id, "channel": channel, "events": events, "authorization": authorization,
    });
    frame.to_string()
}

pub fn unsubscribe(id: &str) -> String {
    json!({ "type": "unsubscribe", "id": id }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_is_sent_and_as_the_guide_prints_it() {
        let read = |text: &str| match ServerFrame::read(text) {
            Some(ServerFrame::Data { id, events }) => (id, events),
            other => panic!("{other:?}"),
        };
        let sent = read(r#"{"type":"data","id":"1","event":"{\"a\":1}"}"#);
        assert_eq!(sent, ("1".to_owned(), vec![r#"{"a":1}"#.to_owned()]));
        let printed = read(r#"{"type":"data","id":"1","event":["\"a\"","2"]}"#);
        assert_eq!(printed.1, ["\"a\"", "2"]);
    }

    #[test]
    fn what_is_no_frame_is_none() {
        for text in ["", "[]", "{}", r#"{"type":1}"#, r#"{"type":"data"}"#] {
            assert_eq!(ServerFrame::read(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_is_found_wherever_a_server_puts_it() {
        for (text, expected) in [
            (r#"{"errors":[{"errorType":"A","message":"m"}]}"#, "connect: A: m"),
            (r#"{"errors":[{"errorType":"A"}]}"#, "connect: A"),
            (
                r#"{"payload":{"errors":[{"message":"NoProtocolError"}]}}"#,
                "connect: NoProtocolError",
            ),
            (r#"{"message":"Forbidden"}"#, "connect: Forbidden"),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(error("connect", &value).to_string(), expected);
        }
    }
}
