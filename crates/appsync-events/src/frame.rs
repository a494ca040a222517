//! The frames of the WebSocket protocol (docs/reference/data-plane.md#messages): written as Amplify
//! writes them, read leniently.
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::{Error, Operation};
use crate::event::Event;

/// A document with errors: the body of an HTTP response, or a frame.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDocument {
    #[serde(default)]
    errors: Vec<ErrorEntry>,
    /// Where GraphQL's protocol has the errors. AppSync uses it before a protocol is selected.
    #[serde(default)]
    payload: Option<Value>,
    /// Where gateways and firewalls have the message.
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

/// The first error in AppSync's answer.
pub fn first_error(operation: Operation, answer: &Value) -> Error {
    let document = ErrorDocument::deserialize(answer).unwrap_or_default();
    let payload = document.payload.and_then(|payload| ErrorDocument::deserialize(payload).ok());
    let payload_errors = payload.map(|payload| payload.errors).unwrap_or_default();
    let entry = document.errors.into_iter().chain(payload_errors).next().unwrap_or_default();
    let message = entry.message.or(document.message).unwrap_or_default();
    Error::from_answer(operation, &entry.error_type.unwrap_or_default(), &message)
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// The connection is established.
    Ack { timeout_ms: Option<u64> },
    /// The connection is alive.
    KeepAlive,
    /// Events for the subscription `id`.
    Data { id: String, events: Vec<String> },
    /// The answer to the client's frame with this id, or an error of the connection.
    Answer { frame_type: String, id: String, document: Value },
}

impl ServerFrame {
    /// Parses a frame; `None` if the text is not a frame.
    pub fn parse(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let frame_type = document.get("type")?.as_str()?.to_owned();
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(match frame_type.as_str() {
            "connection_ack" => Self::Ack {
                timeout_ms: document.get("connectionTimeoutMs").and_then(Value::as_u64),
            },
            "ka" => Self::KeepAlive,
            "data" => Self::Data { id, events: event_texts(document.get("event")?) },
            _ => Self::Answer { frame_type, id, document },
        })
    }
}

/// The JSON texts of the events. AppSync sends a single string; its developer guide shows a list.
fn event_texts(event: &Value) -> Vec<String> {
    let text = |event: &Value| event.as_str().map_or_else(|| event.to_string(), str::to_owned);
    match event {
        Value::Array(events) => events.iter().map(text).collect(),
        event => vec![text(event)],
    }
}

pub fn connection_init() -> String {
    json!({ "type": "connection_init" }).to_string()
}

pub fn subscribe(id: &str, channel: &str, authorization: Map<String, Value>) -> String {
    let frame = json!({
        "type": "subscribe", "id": id, "channel": channel, "authorization": authorization,
    });
    frame.to_string()
}

pub fn publish(
    id: &str,
    channel: &str,
    events: &[Event],
    authorization: Map<String, Value>,
) -> String {
    let events: Vec<&str> = events.iter().map(Event::as_str).collect();
    let frame = json!({
        "type": "publish", "id": id, "channel": channel, "events": events,
        "authorization": authorization,
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
    fn an_event_is_read_as_appsync_sends_it_and_as_the_guide_shows_it() {
        let parse = |text: &str| match ServerFrame::parse(text) {
            Some(ServerFrame::Data { id, events }) => (id, events),
            other => panic!("{other:?}"),
        };
        let sent = parse(r#"{"type":"data","id":"1","event":"{\"a\":1}"}"#);
        assert_eq!(sent, ("1".to_owned(), vec![r#"{"a":1}"#.to_owned()]));
        let shown = parse(r#"{"type":"data","id":"1","event":["\"a\"","2"]}"#);
        assert_eq!(shown.1, ["\"a\"", "2"]);
    }

    #[test]
    fn text_that_is_not_a_frame_is_ignored() {
        for text in ["", "[]", "{}", r#"{"type":1}"#, r#"{"type":"data"}"#] {
            assert_eq!(ServerFrame::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_is_found_at_every_place_where_servers_put_errors() {
        for (text, expected) in [
            (r#"{"errors":[{"errorType":"A","message":"m"}]}"#, "connect: A: m"),
            (r#"{"errors":[{"errorType":"A"}]}"#, "connect: A"),
            (
                r#"{"payload":{"errors":[{"message":"NoProtocolError"}]}}"#,
                "connect: NoProtocolError",
            ),
            (r#"{"message":"Forbidden"}"#, "connect: Forbidden"),
        ] {
            let answer = serde_json::from_str(text).unwrap();
            assert_eq!(first_error(Operation::Connect, &answer).to_string(), expected);
        }
    }
}
