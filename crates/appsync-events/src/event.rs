//! Events to publish: JSON text that AppSync accepts.
use std::iter::Peekable;

use serde::Serialize;
use serde::de::IgnoredAny;

use crate::channel::Channel;

/// The maximum size of one event in bytes, 240 KB.
///
/// AppSync does not always reject a larger event: it can also accept and never deliver it
/// (docs/reference/quotas.md#publishing).
pub const EVENT_BYTES_MAX: usize = 240 * 1024;

/// An event to publish: valid JSON of at most [`EVENT_BYTES_MAX`] bytes.
///
/// ```
/// use appsync_events::Event;
/// use serde_json::json;
///
/// let event = Event::new(&json!({ "message": "hello" }))?;
/// assert_eq!(event.as_str(), r#"{"message":"hello"}"#);
/// assert_eq!(Event::from_json("  [1, 2]\n")?.as_str(), "[1, 2]");
/// assert!(Event::from_json("{message: hello}").is_err());
/// # Ok::<(), appsync_events::InvalidEvent>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event(String);

impl Event {
    /// Serializes `payload` as JSON.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent::Json`] if `payload` can't be serialized, [`InvalidEvent::TooLarge`] if the
    /// JSON exceeds [`EVENT_BYTES_MAX`].
    pub fn new(payload: &impl Serialize) -> Result<Self, InvalidEvent> {
        Self::check_size(serde_json::to_string(payload)?)
    }

    /// Takes JSON text as it is, without the white space around it.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent::Json`] if `text` is not valid JSON, [`InvalidEvent::TooLarge`] if it exceeds
    /// [`EVENT_BYTES_MAX`].
    pub fn from_json(text: &str) -> Result<Self, InvalidEvent> {
        serde_json::from_str::<IgnoredAny>(text)?;
        Self::check_size(text.trim().to_owned())
    }

    fn check_size(text: String) -> Result<Self, InvalidEvent> {
        match text.len() {
            bytes if bytes > EVENT_BYTES_MAX => Err(InvalidEvent::TooLarge { bytes }),
            _ => Ok(Self(text)),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Why something can't be published as an event.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// It is not JSON.
    #[error("not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is larger than [`EVENT_BYTES_MAX`].
    #[error("event too large: {bytes} bytes, at most {EVENT_BYTES_MAX} (240 KB) are allowed")]
    TooLarge {
        /// The size of the event.
        bytes: usize,
    },
}

/// The maximum number of events in one request (docs/reference/quotas.md#publishing).
pub const EVENTS_MAX: usize = 5;
/// The maximum size of one request. Whether AppSync's megabyte has 1000 or 1024 kilobytes is not
/// documented; this is the smaller.
const REQUEST_BYTES_MAX: usize = 1_200_000;

/// Groups events into batches, each small enough to be published to `channel` in one request.
///
/// ```
/// use appsync_events::{Batches, Channel, Event};
///
/// let channel = Channel::parse("/default/room").unwrap();
/// let events = (0..12).map(|n| Event::new(&n).unwrap());
/// let sizes: Vec<usize> = Batches::new(&channel, events).map(|batch| batch.len()).collect();
/// assert_eq!(sizes, [5, 5, 2]);
/// ```
#[derive(Debug)]
pub struct Batches<I: Iterator<Item = Event>> {
    channel: Channel,
    events: Peekable<I>,
}

impl<I: Iterator<Item = Event>> Batches<I> {
    /// Groups `events` in their order.
    pub fn new(channel: &Channel, events: impl IntoIterator<IntoIter = I>) -> Self {
        Self { channel: channel.clone(), events: events.into_iter().peekable() }
    }
}

impl<I: Iterator<Item = Event>> Iterator for Batches<I> {
    type Item = Vec<Event>;

    fn next(&mut self) -> Option<Vec<Event>> {
        let mut batch = vec![self.events.next()?];
        let mut bytes = request_body(self.channel.as_str(), &batch).len();
        while batch.len() < EVENTS_MAX {
            let fits = |event: &Event| bytes + added_bytes(event) <= REQUEST_BYTES_MAX;
            let Some(event) = self.events.next_if(fits) else { break };
            bytes += added_bytes(&event);
            batch.push(event);
        }
        Some(batch)
    }
}

/// By how much an event makes a request longer: a comma, and the event as a JSON string.
fn added_bytes(event: &Event) -> usize {
    1 + json_string(event.as_str()).len()
}

/// The body of an HTTP request, which is also what is signed when publishing over a WebSocket: the
/// channel first, without white space.
pub fn request_body(channel: &str, events: &[Event]) -> String {
    let events: Vec<String> = events.iter().map(|event| json_string(event.as_str())).collect();
    format!(r#"{{"channel":{},"events":[{}]}}"#, json_string(channel), events.join(","))
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EVENT_BYTES_MAX;

    #[test]
    fn an_event_that_is_too_large_is_rejected_with_both_sizes() {
        assert!(Event::from_json(&"1".repeat(EVENT_BYTES_MAX)).is_ok());
        let error = Event::from_json(&"1".repeat(EVENT_BYTES_MAX + 1)).unwrap_err().to_string();
        assert_eq!(error, "event too large: 245761 bytes, at most 245760 (240 KB) are allowed");
        let error = Event::new(&"x".repeat(EVENT_BYTES_MAX)).unwrap_err();
        assert!(matches!(error, InvalidEvent::TooLarge { bytes } if bytes == EVENT_BYTES_MAX + 2));
    }

    #[test]
    fn text_that_is_not_json_is_rejected_with_the_position() {
        let error = Event::from_json("{a: 1}").unwrap_err().to_string();
        assert!(error.starts_with("not valid JSON: ") && error.contains("column 2"), "{error}");
    }

    fn batches(events: Vec<String>) -> Vec<Vec<Event>> {
        let events = events.iter().map(|text| Event::from_json(text).unwrap());
        Batches::new(&Channel::parse("/a/b").unwrap(), events).collect()
    }

    fn sizes(events: Vec<String>) -> Vec<usize> {
        batches(events).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_five_events_or_fewer_if_they_are_large() {
        assert_eq!(sizes(vec!["1".to_owned(); 12]), [5, 5, 2]);
        assert_eq!(sizes(vec![]), [0; 0]);
        let large = format!("\"{}\"", "x".repeat(EVENT_BYTES_MAX - 2));
        assert_eq!(sizes(vec![large.clone(); 6]), [4, 2]);
        // A quote has two bytes in a request.
        let quotes = format!("[{}\"\"]", "\"\",".repeat((EVENT_BYTES_MAX - 4) / 3));
        assert_eq!(sizes(vec![quotes; 4]), [2, 2]);
        assert_eq!(batches(vec![large; 3]).concat().len(), 3);
    }

    #[test]
    fn no_batch_exceeds_the_size_of_a_request() {
        for bytes in [2, 1_000, 100_000, 200_000, EVENT_BYTES_MAX] {
            // Escaped backslashes: a pair has two bytes in the event and four in a request.
            let event = format!("\"{}\"", "\\".repeat((bytes - 2) / 2 * 2));
            for batch in batches(vec![event; 11]) {
                assert!(request_body("/a/b", &batch).len() <= REQUEST_BYTES_MAX, "{bytes}");
            }
        }
    }

    #[test]
    fn the_body_has_the_channel_first_and_events_as_strings() {
        let events = [r#"{"msg":"<hi>"}"#, "42"].map(|text| Event::from_json(text).unwrap());
        let expected = r#"{"channel":"/a","events":["{\"msg\":\"<hi>\"}","42"]}"#;
        assert_eq!(request_body("/a", &events), expected);
    }
}
